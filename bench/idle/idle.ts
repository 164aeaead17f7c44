// P6, idle: what Lull costs with many updaters and nothing due, as one process and as three, in the
// same span as a bare Node.js and, where they are installed, others that stay on a machine all day.
// Lull is started with the environment that its units for systemd give it.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from '../../runtime/deadline.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { startProgram } from '../child.spawn.js';
import { spentIn, type Spent } from '../cost.proc.js';
import { median, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { ownNode } from './own-node.fs.js';
import { startPeers } from './peers.spawn.js';
import { signMany, startRegistered } from './registered.spawn.js';

const bare = fileURLToPath(new URL('./bare/main.js', import.meta.url));
const UPDATERS = 20;
const SPAN_MS = { whole: 600_000, quick: 30_000 };
/** What follows a scan (its sandbox, its bytes) is over by then. */
const SETTLE_MS = { whole: 15_000, quick: 5_000 };
const goals: Readonly<Record<string, number>> = { pss_mb: 75, cpu_percent: 0.3, wakeups_per_s: 15 };

export const idle: Benchmark = {
  what: `memory, CPU and wake-ups with ${String(UPDATERS)} updaters and nothing due`,
  quickRepeats: 1,
  needsSandbox: true,
  run: measure,
};

async function measure(options: BenchOptions): Promise<Measured> {
  const { quick, repeats, say, opened } = options;
  const size = quick ? 'quick' : 'whole';
  const scratch = openScratch(opened);
  const signed = await signMany(scratch, UPDATERS);
  say(`${String(UPDATERS)} updaters are signed. Lull as one process:`);
  const asOne = { node: ownNode(scratch, 'one'), processes: [[]] };
  const one = await startRegistered(join(scratch, 'one'), signed, asOne, options);
  await one.nothingDue();
  say('Lull as three processes:');
  const parts = [['sensor-service'], ['orchestrator'], ['plugin-host']];
  const asThree = { node: ownNode(scratch, 'three'), processes: parts };
  const three = await startRegistered(join(scratch, 'three'), signed, asThree, options);
  await three.nothingDue();
  const node = await startProgram(bare, [], opened, ownNode(scratch, 'bare'));
  const peers = await startPeers(scratch, opened, say);
  const groups = new Map<string, readonly number[]>([
    ['one', one.pids],
    ['three', three.pids],
    ['node', [node.pid ?? 0]],
    ...peers,
  ]);
  const seconds = String((SETTLE_MS[size] + repeats * SPAN_MS[size]) / 1_000);
  say(`Nothing is due. Measuring ${[...groups.keys()].join(', ')} for ${seconds} s.`);
  await pause(SETTLE_MS[size]);
  const rounds: Spent[][] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    rounds.push(await spentIn(SPAN_MS[size], [...groups.values()]));
    const [now] = rounds.at(-1) ?? [];
    say(
      `${String(repeat)}: ${(now?.pssMb ?? 0).toFixed(0)} MB, ${(now?.cpuPercent ?? 0).toFixed(3)} %`,
    );
  }
  return summary([...groups.keys()], rounds, repeats, say);
}

function summary(
  names: readonly string[],
  rounds: readonly (readonly Spent[])[],
  repeats: number,
  say: BenchOptions['say'],
): Measured {
  const sides = new Map(
    names.map((name, side) => [name, figuresOf(rounds.flatMap((round) => round[side] ?? []))]),
  );
  const rows = Object.entries(goals).map(([name, goal]) => {
    const values = names.map((side) => {
      const { [name]: middle, [`${name}_worst`]: worst } = sides.get(side) ?? {};
      return `${String(middle)} (${String(worst)})`;
    });
    const isMet = (sides.get('one')?.[name] ?? Infinity) <= goal;
    return [name, ...values, `≤ ${String(goal)} ${isMet ? 'yes' : 'NO'}`];
  });
  say(`\n${table([['median (worst)', ...names, 'goal (one)'], ...rows])}`);
  say(
    'Each side that is Node.js runs a copy of its own, and is charged for it as where it is alone.',
  );
  const { one = {}, three = {}, ...beside } = Object.fromEntries(sides);
  const asThree = Object.entries(three).map(([name, value]) => [`${name}_three`, value]);
  const figures = { ...one, ...(Object.fromEntries(asThree) as Figures) };
  return { repeats, figures, beside, samples: { names, rounds } };
}

function figuresOf(spent: readonly Spent[]): Figures {
  const pss = spent.map(({ pssMb }) => pssMb);
  const cpu = spent.map(({ cpuPercent }) => cpuPercent);
  const wakeups = spent.map(({ wakeupsPerS }) => wakeupsPerS);
  return {
    pss_mb: rounded(median(pss), 1),
    pss_mb_worst: rounded(Math.max(...pss), 1),
    cpu_percent: rounded(median(cpu)),
    cpu_percent_worst: rounded(Math.max(...cpu)),
    wakeups_per_s: rounded(median(wakeups), 1),
    wakeups_per_s_worst: rounded(Math.max(...wakeups), 1),
  };
}
