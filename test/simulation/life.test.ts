// The simulation itself: repeatable, and not blind.

import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../../orchestrator/policy/policy.js';
import { sceneUpdate } from '../../orchestrator/simulation/scene.js';
import { chanceFrom } from '../../orchestrator/simulation/seeded.js';
import { SimulatedHost } from './host.js';
import type { HostRun } from './host-run.js';
import { checkHost, checkStandstill } from './invariants.js';
import { live } from './life.js';
import { Software } from './software.js';
import { liveMany } from './storms.spawn.js';
import { Truth } from './truth.js';
import { VirtualTime } from './virtual-time.js';

/** In so many lives everything comes that a life can have; a section that is throttled is rare. */
const LIVES_MAX = 300;
/** Many times what it takes: a machine under load is no bug. */
const LIVES_MS_MAX = 300_000;

function hostWith(...runs: Partial<HostRun>[]): SimulatedHost {
  const chance = chanceFrom(1);
  const host = new SimulatedHost('instance-1', 'boot-1', {
    time: new VirtualTime(0),
    chance,
    software: new Software(chance),
    faults: { on: false },
    truth: new Truth(),
    readings: new Map(),
    posted: () => undefined,
    restart: () => undefined,
  });
  runs.forEach((changes, i) => {
    const runId = `run-${String(i)}`;
    host.runs.set(runId, {
      ...{ runId, epoch: i, updaterId: `u${String(i)}`, update: undefined, guard: [] },
      receipts: undefined,
      ...{ holds: new Set(), life: { over: false }, leftMs: 1, runningSinceMs: 0, ending: false },
      ...{ sectionMs: 0, inSection: false, throttled: false },
      lease: () => undefined,
      end: () => undefined,
      ...changes,
    });
  });
  return host;
}

const install = sceneUpdate({ id: 'a', nextAction: 'install' });
const download = sceneUpdate({ id: 'b', nextAction: 'download', exclusive: true });

test('a seed that is none is told in one line', async () => {
  await expect(liveMany(1.5, 1)).rejects.toMatchObject({
    message: 'simulate: --seed and --count want whole numbers',
    cause: { code: 2 },
  });
});

test('lives that do not end in time say in which seed they were', async () => {
  await expect(liveMany(1, 100_000, 5_000)).rejects.toThrow(/^seed \d+ did not end within 5 s/);
});

test('the same seed is the same life', async () => {
  const [once, again, other] = [await live(7), await live(7), await live(8)];
  expect(again).toEqual(once);
  expect(other.entryCount).not.toBe(once.entryCount);
  expect(once.crashCount).toBeGreaterThan(0);
});

test(
  'lives have sections, rhythms, restarts, other policies: nothing is simulated in name only',
  async () => {
    const missing = new Set([
      ...['critical.changed', 'run.throttled', 'run.unthrottled', 'rhythm.hour'],
      ...['policy.changed', 'restart.ordered', 'run.paused', 'content.installed'],
    ]);
    for (let seed = 1; seed <= LIVES_MAX && missing.size > 0; seed += 1) {
      for (const kind of (await live(seed)).kinds) missing.delete(kind);
    }
    expect([...missing]).toEqual([]);
  },
  LIVES_MS_MAX,
);

describe('what must never be is seen', () => {
  const check =
    (host: SimulatedHost, small = false) =>
    () => {
      checkHost(host, defaultPolicy.slots, small);
    };

  test('two installs', () => {
    expect(check(hostWith({ update: install }, { update: install }))).toThrow('I1');
  });

  test('two runs on a machine with two cores', () => {
    expect(check(hostWith({ update: install }, {}), true)).toThrow('I1');
    expect(check(hostWith({ update: install }), true)).not.toThrow();
  });

  test('something beside an exclusive update', () => {
    expect(check(hostWith({ update: download }, { update: install }))).toThrow('exclusive');
  });

  test('two runs of one updater', () => {
    expect(check(hostWith({ updaterId: 'u' }, { updaterId: 'u' }))).toThrow('one updater');
  });

  test('a run while its guard is broken', () => {
    const guard = [{ kind: 'on-ac' }] as const;
    expect(check(hostWith({ guard }))).toThrow('I2');
    expect(check(hostWith({ guard, holds: new Set(['guard']) }))).not.toThrow();
    expect(check(hostWith({ guard, inSection: true }))).not.toThrow();
  });

  test('a run that goes on after the trip switch', () => {
    const receipts: readonly string[] = [];
    const after = (run: Parameters<typeof hostWith>[0], mayPutBack: boolean) => () => {
      checkStandstill(hostWith(run), 'the trip switch', 60_001, mayPutBack);
    };
    expect(after({}, false)).toThrow('I4');
    expect(after({}, true)).toThrow('I4');
    expect(after({ receipts }, false)).toThrow('I4');
    expect(after({ receipts }, true)).not.toThrow();
  });
});
