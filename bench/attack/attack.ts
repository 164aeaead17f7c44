// What a program in front of a person feels of an updater that attacks (T20), by the probe of
// `foreground`. Nobody is known to be there, or the run would stand still; Lull has its lowest priority,
// as on a machine in use.
//
//   none             nothing runs
//   lull, <attack>   an updater that takes all processes, memory, disk, names or open files that there
//                    are, in Lull's sandbox
//   nice, <attack>   the same program with nice 19 and the idle class of the disk, where it has an end
//
// One after the other, again and again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from '../../runtime/deadline.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { framesOf, type Frames } from '../foreground/frames.js';
import { buildProbe, type Probe } from '../foreground/probe.spawn.js';
import { enableOn, openLull } from '../lull.spawn.js';
import { bundle } from '../reaction/build-updater.spawn.js';
import { median, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { signBundle, type SignedBundle } from '../signed-bundle.spawn.js';
import { attacks, harmless, type Attack } from './attacks.js';

const ATTACK_MS = 10_000;
const QUICK_ATTACK_MS = 3_000;
/** A sandbox and a Node.js in it, at the lowest priority. */
const BEGINS_MS_MAX = 60_000;
/** As `foreground` has it for an update that waits; this one runs, and does its worst. */
const GOAL_POINTS = 5;
const source = fileURLToPath(new URL('../../../bench/attack/updater/', import.meta.url));

type Side = 'none' | `${'lull' | 'nice'}_${Attack}`;

interface Sample extends Frames {
  readonly side: Side;
}

/** What goes on under the probe's eyes. */
interface Act {
  end(): Promise<void>;
}

export const attacking: Benchmark = {
  what: 'frames that a program in front misses while an updater takes all there is',
  quickRepeats: 1,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const probe = await buildProbe(scratch, () => undefined, opened);
  const built = join(scratch, 'bundle');
  mkdirSync(built);
  const program = join(built, 'main.mjs');
  await bundle(join(source, 'main.ts'), program);
  const manifestFile = join(source, 'manifest.json');
  const signed = await signBundle(scratch, { directory: built, manifestFile });
  let count = 0;
  const place = (): string => {
    count += 1;
    const directory = join(scratch, String(count));
    mkdirSync(directory);
    return directory;
  };
  const sides = new Map<Side, () => Promise<Act>>([
    ['none', () => Promise.resolve({ end: () => Promise.resolve() })],
  ]);
  for (const each of attacks) {
    sides.set(`lull_${each}`, () => attackUnderLull(place(), each, signed, opened));
    if (!harmless.includes(each)) continue;
    sides.set(`nice_${each}`, () => Promise.resolve(attackPlainly(program, each, place())));
  }
  const samples: Sample[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const [side, begin] of sides) {
      const frames = await sample(probe, begin, quick ? QUICK_ATTACK_MS : ATTACK_MS);
      samples.push({ side, ...frames });
      say(`  ${side}: ${String(frames.missedPercent)} %`);
    }
  }
  return summary(samples, [...sides.keys()], repeats, say);
}

async function sample(probe: Probe, begin: () => Promise<Act>, ms: number): Promise<Frames> {
  const act = await begin();
  try {
    return framesOf(await probe.during(() => pause(ms)));
  } finally {
    await act.end();
  }
}

/** Resolves when it attacks. */
async function attackUnderLull(
  directory: string,
  attack: Attack,
  { bundleFile, policyFile }: SignedBundle,
  opened: BenchOptions['opened'],
): Promise<Act> {
  const lull = await openLull({ directory, policyFile, args: ['--log-level', 'error'] }, opened);
  const follower = await enableOn(lull, { bundleFile, settings: { attack } }, opened);
  await follower.fact('the attack', ({ kind }) => kind === 'run.notice', BEGINS_MS_MAX);
  return {
    end: async () => {
      follower.close();
      await lull.stop();
    },
  };
}

function attackPlainly(program: string, attack: Attack, directory: string): Act {
  const nice = ['-n', '19', 'ionice', '-c', '3', process.execPath, program, attack, directory];
  const child = spawn('nice', nice, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  return {
    end: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function summary(
  samples: readonly Sample[],
  sides: readonly Side[],
  repeats: number,
  say: BenchOptions['say'],
): Measured {
  const of = (side: Side): { missed: number; p99: number } => {
    const those = samples.filter((each) => each.side === side);
    return {
      missed: median(those.map(({ missedPercent }) => missedPercent)),
      p99: median(those.map(({ p99Ms }) => p99Ms)),
    };
  };
  const none = of('none');
  const beside: Record<string, Figures> = {};
  const rows = sides.map((side) => {
    const { missed, p99 } = of(side);
    const figures = {
      missed_frames_percent: missed,
      missed_frames_points_over_none: rounded(missed - none.missed, 2),
      frame_p99_ms: p99,
    };
    beside[side] = figures;
    return [side, ...Object.values(figures).map(String)];
  });
  say(`\n${table([['', 'missed %', 'points over none', 'p99 ms'], ...rows])}`);
  const worst = Math.max(
    ...attacks.map((each) => beside[`lull_${each}`]?.['missed_frames_points_over_none'] ?? NaN),
  );
  say(`\nmissed_frames_points_over_none: ${String(worst)} (the worst attack in Lull's sandbox)`);
  say(`goal: ≤ ${String(GOAL_POINTS)} ${worst <= GOAL_POINTS ? 'yes' : 'NO'}`);
  return {
    repeats,
    figures: { missed_frames_points_over_none: worst },
    beside,
    samples: { samples },
  };
}
