// P4, foreground: what a program in front of a person feels of an update. A probe draws 60 frames a
// second, 3 ms of work and a write that it waits for, while ten programs are updated for real:
//
//   none             nothing is updated
//   plain            npm, as a person would call it
//   nice             npm with nice 19 and the idle class of the disk
//   unattended       unattended-upgrades with as many made-up packages, where it is installed
//   lull, engaged    Lull, with the person there: the updates are due, and wait
//   lull, away       Lull, with nobody there: what a probe would feel that nobody sees
//
// Each on a quiet machine, and on one with busy processors and a slow disk; one after the other, again
// and again.

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause } from '../../runtime/deadline.js';
import type { Benchmark, BenchOptions, Figures, Measured } from '../benchmark.js';
import { configuredRegistry, installOld, updateOneByOne } from '../overhead/npm.spawn.js';
import { oldPackages } from '../overhead/packages.js';
import { openWaiting, type Waiting } from '../overhead/under-lull.spawn.js';
import { median, rounded, table } from '../report.js';
import { openScratch } from '../scratch.fs.js';
import { signBundle } from '../signed-bundle.spawn.js';
import { openUnattended, updateAll } from '../unattended/world.spawn.js';
import { framesOf, type Frames } from './frames.js';
import { loadMachine, quiet, type Machine } from './machine.spawn.js';
import { buildProbe, type Probe } from './probe.spawn.js';

const QUICK_PACKAGES = 1;
/** A look has no time for these. */
const notQuick: readonly Side[] = ['nice', 'unattended'];
/** For the sides on which nothing happens. */
const STILL_MS = 10_000;
const QUICK_STILL_MS = 3_000;
const SETTLE_MS = 1_000;
const GOAL_POINTS = 0.5;
const updater = fileURLToPath(new URL('../../updaters/npm/', import.meta.url));

const sides = ['none', 'plain', 'nice', 'unattended', 'lull_engaged', 'lull_away'] as const;
type Side = (typeof sides)[number];
/** What is done under the probe's eyes, made ready before. */
interface Act {
  readonly run: () => Promise<unknown>;
  readonly close?: () => Promise<void>;
}
type Acts = ReadonlyMap<Side, () => Promise<Act>>;

interface Sample extends Frames {
  readonly machine: Machine['name'];
  readonly side: Side;
  /** Each frame. */
  readonly us: readonly number[];
}

export const foreground: Benchmark = {
  what: 'frames that a program in front misses while updates are installed',
  quickRepeats: 1,
  needsSandbox: true,
  run: measure,
};

async function measure({ quick, repeats, say, opened }: BenchOptions): Promise<Measured> {
  const scratch = openScratch(opened);
  let machine: Machine = quiet;
  const probe = await buildProbe(
    scratch,
    (pid) => {
      machine.take(pid);
    },
    opened,
  );
  const acts = await prepare(scratch, { quick, say, opened });
  const samples: Sample[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const load of [false, true]) {
      machine = load ? loadMachine(scratch, opened) : quiet;
      if (machine.lacks !== undefined && repeat === 0) say(`not as wanted: ${machine.lacks}`);
      machine.take(process.pid);
      for (const [side, act] of acts) samples.push(await sample(probe, machine, side, act));
      await machine.close();
    }
    const latest = samples.slice(-2 * acts.size);
    say(
      latest
        .map((each) => `${each.machine} ${each.side} ${String(each.missedPercent)} %`)
        .join(', '),
    );
  }
  return summary(samples, repeats, say);
}

async function sample(
  probe: Probe,
  machine: Machine,
  side: Side,
  prepared: () => Promise<Act>,
): Promise<Sample> {
  const act = await prepared();
  try {
    const us = await probe.during(act.run);
    return { machine: machine.name, side, ...framesOf(us), us };
  } finally {
    await act.close?.();
  }
}

/** Everything that is not to be measured; what is left is to do each side, again and again. */
async function prepare(
  scratch: string,
  { quick, say, opened }: Pick<BenchOptions, 'quick' | 'say' | 'opened'>,
): Promise<Acts> {
  const packages = quick ? oldPackages.slice(0, QUICK_PACKAGES) : oldPackages;
  const registry = await configuredRegistry();
  const old = join(scratch, 'old');
  await installOld(old, join(scratch, 'cache'), packages);
  const signed = await signBundle(scratch, {
    directory: join(updater, 'bundle'),
    manifestFile: join(updater, 'manifest.json'),
  });
  const targets = packages.map(({ name }) => ({ name, version: 'latest' }));
  let count = 0;
  /** A prefix of old programs, and an empty cache. */
  const fresh = (): { readonly prefix: string; readonly place: string } => {
    count += 1;
    const prefix = join(scratch, `p${String(count)}`);
    cpSync(old, prefix, { recursive: true, verbatimSymlinks: true });
    return { prefix, place: join(scratch, `c${String(count)}`) };
  };
  const still = (): Promise<unknown> => pause(quick ? QUICK_STILL_MS : STILL_MS);
  const byNpm = (before: readonly string[]) => (): Promise<Act> => {
    const { prefix, place } = fresh();
    return Promise.resolve({ run: () => updateOneByOne(prefix, place, targets, before) });
  };
  const waiting = async (): Promise<Waiting> => {
    const { prefix, place } = fresh();
    const lull = await openWaiting(place, prefix, registry, signed, opened);
    // Its start is not what is measured.
    await pause(SETTLE_MS);
    return lull;
  };
  const acts = new Map<Side, () => Promise<Act>>([
    ['none', () => Promise.resolve({ run: still })],
    ['plain', byNpm([])],
    ['nice', byNpm(['nice', '-n', '19', 'ionice', '-c', '3'])],
  ]);
  const unattended = quick ? '--quick' : await openUnattended(scratch, packages.length);
  if (typeof unattended === 'string') say(`unattended: left out, ${unattended}`);
  else {
    acts.set('unattended', () => {
      const world = unattended();
      return Promise.resolve({ run: () => updateAll(world) });
    });
  }
  if (quick) for (const side of notQuick) acts.delete(side);
  return acts
    .set('lull_engaged', async () => ({ ...(await waiting()), run: still }))
    .set('lull_away', async () => {
      const lull = await waiting();
      return { ...lull, run: () => lull.leave() };
    });
}

function summary(samples: readonly Sample[], repeats: number, say: BenchOptions['say']): Measured {
  const of = (machine: string, side: Side): Figures => {
    const those = samples.filter((each) => each.machine === machine && each.side === side);
    const none = samples.filter((each) => each.machine === machine && each.side === 'none');
    const missed = those.map(({ missedPercent }) => missedPercent);
    const p99 = those.map(({ p99Ms }) => p99Ms);
    // Each beside that of its own round: what else the machine does changes from one to the next.
    const points = missed.map((percent, at) => percent - (none[at]?.missedPercent ?? NaN));
    const ratios = p99.map((ms, at) => ms / (none[at]?.p99Ms ?? NaN));
    return {
      missed_frames_percent: rounded(median(missed), 2),
      missed_frames_points_over_none: rounded(median(points), 2),
      missed_frames_points_over_none_worst: rounded(Math.max(...points), 2),
      frame_p99_ms: rounded(median(p99), 2),
      frame_p99_ms_worst: rounded(Math.max(...p99), 2),
      frame_p99_ratio: rounded(median(ratios), 2),
    };
  };
  const beside: Record<string, Figures> = {};
  for (const machine of ['quiet', 'loaded'] as const) {
    const here = sides.filter((side) => samples.some((each) => each.side === side));
    const rows = here.map((side) => {
      const figures = of(machine, side);
      beside[`${side}_${machine}`] = figures;
      return [side, ...Object.values(figures).map(String)];
    });
    const head = [machine, 'missed %', 'points over none', 'worst', 'p99 ms', 'worst', '× none'];
    say(`\n${table([head, ...rows])}`);
  }
  const loaded = of('loaded', 'lull_engaged');
  const calm = of('quiet', 'lull_engaged');
  const worse = (name: string): number => Math.max(loaded[name] ?? NaN, calm[name] ?? NaN);
  const points = worse('missed_frames_points_over_none');
  say(
    `\nmissed_frames_points_over_none: ${String(points)} (Lull, engaged; the worse of both machines)`,
  );
  say(`goal: ≤ ${String(GOAL_POINTS)} ${points <= GOAL_POINTS ? 'yes' : 'NO'}`);
  return {
    repeats,
    figures: {
      missed_frames_points_over_none: points,
      frame_p99_ratio: worse('frame_p99_ratio'),
      missed_frames_points_over_none_away: Math.max(
        of('quiet', 'lull_away')['missed_frames_points_over_none'] ?? NaN,
        of('loaded', 'lull_away')['missed_frames_points_over_none'] ?? NaN,
      ),
    },
    beside,
    samples: { samples },
  };
}
