// P5, overhead: the wall time of the same real updates under Lull, with nobody at the machine, and by
// npm alone, from the same old versions to the same new ones.
//
//   old prefix ─copy─▶ Lull: scan, download, install, verify × 10     A
//              ├copy─▶ npm install --global × 10, one by one          B
//              └copy─▶ the same at the priority that updaters have    C     A B C A B C …

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark, BenchOptions, Measured } from '../benchmark.js';
import { median, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { signBundle } from '../signed-bundle.spawn.js';
import { openLowestPriority } from './lowest-priority.cgroup.js';
import { configuredRegistry, installOld, updateOneByOne } from './npm.spawn.js';
import { oldPackages, type Package } from './packages.js';
import { totals, type Stage } from './stages.js';
import { updateUnderLull } from './under-lull.spawn.js';

const QUICK_PACKAGES = 3;
const GOAL = 1.1;
const updater = fileURLToPath(new URL('../../updaters/npm/', import.meta.url));

interface Pair {
  readonly lullMs: number;
  readonly npmMs: number;
  readonly npmLowestMs: number;
  readonly stages: readonly Stage[];
}

export const overhead: Benchmark = {
  what: 'wall time of real updates under Lull ÷ that of npm alone',
  quickRepeats: 1,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  const packages = quick ? oldPackages.slice(0, QUICK_PACKAGES) : oldPackages;
  const registry = await configuredRegistry();
  const old = join(scratch, 'old');
  await installOld(old, join(scratch, 'cache'), packages);
  const signed = await signBundle(scratch, {
    directory: join(updater, 'bundle'),
    manifestFile: join(updater, 'manifest.json'),
  });
  say(
    `${String(packages.length)} packages. Both sides start with an empty npm cache and one prefix copied from the same;`,
  );
  say(
    'the registry has been asked for each new version once before. Looking for updates is counted for Lull only.',
  );

  const lowest = opened.add('lowest priority', openLowestPriority());
  const pairs: Pair[] = [];
  let targets: readonly Package[] = packages.map(({ name }) => ({ name, version: 'latest' }));
  const copyOf = (name: string): string => {
    cpSync(old, join(scratch, name), { recursive: true, verbatimSymlinks: true });
    return join(scratch, name);
  };
  await updateOneByOne(copyOf('warm'), join(scratch, 'cache-warm'), targets);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const name = String(repeat);
    const place = join(scratch, `l${name}`);
    const under = await updateUnderLull(place, copyOf(`a${name}`), registry, signed, opened);
    ({ targets } = under);
    const npmMs = await updateOneByOne(copyOf(`b${name}`), join(scratch, `c${name}`), targets);
    const [third, cache] = [copyOf(`d${name}`), join(scratch, `e${name}`)];
    const npmLowestMs = await updateOneByOne(third, cache, targets, lowest.prefix);
    pairs.push({ lullMs: under.wallMs, npmMs, npmLowestMs, stages: under.stages });
    say(
      `${name}: Lull ${seconds(under.wallMs)} for ${String(targets.length)} updates, npm ${seconds(npmMs)} (at an updater's priority ${seconds(npmLowestMs)}), ${(under.wallMs / npmMs).toFixed(2)} ×`,
    );
  }
  return summary(pairs, targets.length, repeats, say);
}

function summary(
  pairs: readonly Pair[],
  updateCount: number,
  repeats: number,
  say: BenchOptions['say'],
): Measured {
  const ratios = pairs.map(({ lullMs, npmMs }) => lullMs / npmMs);
  const ratio = rounded(median(ratios));
  const sums = pairs.map(({ stages }) => totals(stages));
  const rows = [...(sums[0]?.keys() ?? [])].map((name) => {
    const ms = median(sums.map((each) => each.get(name) ?? 0));
    return [name, `${ms.toFixed(0)} ms`, `${(ms / updateCount).toFixed(0)} ms`];
  });
  say(`\n${table([['under Lull', 'in all', 'an update'], ...rows])}`);
  const npmMs = median(pairs.map((each) => each.npmMs));
  say(`npm alone: ${seconds(npmMs)}, ${(npmMs / updateCount).toFixed(0)} ms an update`);
  const toLowest = rounded(median(pairs.map(({ lullMs, npmLowestMs }) => lullMs / npmLowestMs)));
  say(`against npm at the priority that updaters have: ${toLowest.toFixed(2)} ×`);
  const worst = Math.max(...ratios);
  say(`wall_ratio: median ${ratio.toFixed(2)}, worst ${worst.toFixed(2)}`);
  say(`goal: ≤ ${GOAL.toFixed(2)} × ${ratio <= GOAL ? 'yes' : 'NO'}`);
  return {
    repeats,
    figures: { wall_ratio: ratio, wall_ratio_worst: rounded(worst) },
    beside: {
      lull: { wall_s: rounded(median(pairs.map(({ lullMs }) => lullMs)) / 1e3) },
      npm: { wall_s: rounded(npmMs / 1e3) },
      npm_lowest_priority: {
        wall_s: rounded(median(pairs.map(({ npmLowestMs }) => npmLowestMs)) / 1e3),
        wall_ratio: toLowest,
      },
    },
    samples: { pairs },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1e3).toFixed(1)} s`;
}
