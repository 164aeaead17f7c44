// The life of a run: who follows whom, and what its end makes of its update.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy, type Policy } from '../policy/policy.js';
import type { Action } from '../../bundle/manifest.js';
import {
  admitted,
  at,
  enabled,
  failure,
  finished,
  found,
  interrupted,
  paused,
  perform,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from './history.testing.js';
import { scanJitter } from './retry.js';
import { HISTORY_MAX, updateKey } from './world.js';

const { retry } = defaultPolicy;
const scan = { kind: 'scan' } as const;
const known = [submitted(), enabled(), found([updateOf('a')])];
const resumed: Fact = { kind: 'run.resumed', runId: 'r' };
const cancelled = (
  code: 'OPERATOR' | 'SHUTTING_DOWN' | 'SUPERSEDED' | 'OUTSIDE_WINDOW' | 'JOURNAL_QUOTA',
): Fact => finished('r', { kind: 'cancelled', code });

/** So many attempts at one run, each with this end. */
function attempts(count: number, end: Fact): Fact[] {
  return Array.from({ length: count }, (_, before) => [
    admitted('r', scan, { attempt: before + 1, epoch: before + 1 }),
    end,
  ]).flat();
}

function runAfter(...facts: Fact[]) {
  const world = worldOf(at(100, ...known, admitted('r', scan), ...facts));
  return world.runs.get('r') ?? world.history.at(-1);
}

describe('each transition', () => {
  test.each<[string, Fact[], string]>([
    ['admitted', [], 'admitted'],
    ['started', [started('r')], 'running'],
    ['paused', [started('r'), paused('r', 'X')], 'paused'],
    ['permitted to go on, but not going yet', [paused('r', 'X'), resumed], 'paused'],
    ['thawed', [started('r'), paused('r', 'X'), thawed('r')], 'running'],
    [
      'frozen before it had started, until it is thawed',
      [paused('r', 'X'), started('r')],
      'paused',
    ],
    ['permitted without being paused', [started('r'), resumed], 'running'],
    ['interrupted', [started('r'), interrupted('r')], 'interrupted'],
    ['interrupted while paused', [paused('r', 'X'), interrupted('r')], 'interrupted'],
    ['finished', [started('r'), finished('r', { kind: 'succeeded' })], 'finished'],
    ['finished without having started', [finished('r', { kind: 'succeeded' })], 'finished'],
    ['late words after its end', [finished('r', { kind: 'gone' }), paused('r', 'X')], 'finished'],
    ['cancelled by an operator', [cancelled('OPERATOR')], 'finished'],
    ['cancelled because Lull stopped', [cancelled('SHUTTING_DOWN')], 'interrupted'],
    ['cancelled because too much was said', [cancelled('JOURNAL_QUOTA')], 'interrupted'],
    ['cancelled for a newer grant', [cancelled('SUPERSEDED')], 'interrupted'],
    ['cancelled because its window closed', [cancelled('OUTSIDE_WINDOW')], 'interrupted'],
  ])('%s', (_what, facts, kind) => {
    expect(runAfter(...facts)?.phase.kind).toBe(kind);
  });

  test('pauses are counted once each, with the first reasons, and over all attempts', () => {
    const twice = [paused('r', 'A'), paused('r', 'B'), thawed('r'), paused('r', 'C')];
    expect(runAfter(...twice)).toMatchObject({ pauseCount: 2, phase: { reasons: ['C'] } });
    const again = admitted('r', scan, { epoch: 2, attempt: 2 });
    const next = runAfter(...twice, interrupted('r'), again);
    expect(next).toMatchObject({ pauseCount: 2, attempt: 2, epoch: 2, admittedAtMs: 100 });
  });

  test('a permission is remembered while the pause lasts, and forgotten with it', () => {
    expect(runAfter(paused('r', 'X'), resumed)?.phase).toMatchObject({ permittedAtMs: 100 });
    const next = runAfter(paused('r', 'X'), resumed, thawed('r'), paused('r', 'Y'));
    expect(next?.phase).not.toHaveProperty('permittedAtMs');
  });
});

describe('a run whose host went away', () => {
  test('is repeated under the same id: at once the first time, then later and later', () => {
    const waits = [1, 2, 3].map((count) => {
      const world = worldOf(at(1_000, ...known, ...attempts(count, interrupted('r'))));
      const phase = world.runs.get('r')?.phase;
      return phase?.kind === 'interrupted' ? phase.retryAtMs - 1_000 : NaN;
    });
    expect(waits[0]).toBe(0);
    expect(waits[1]).toBeGreaterThan(0);
    expect(waits[2]).toBeGreaterThan(waits[1] ?? 0);
  });

  test('is given up after as many attempts as policy allows', () => {
    const cut = attempts(retry.attemptsMax, interrupted('r'));
    const world = worldOf(at(1, ...known, ...cut));
    expect(world.runs.size).toBe(0);
    expect(world.history.at(-1)?.phase).toMatchObject({
      outcome: {
        kind: 'failed',
        code: 'HOST_LOST',
        message: expect.stringContaining('given up after 5') as unknown,
      },
    });
    expect(world.updaters.get(UPDATER)?.scanTrials).toMatchObject({ failureCount: 1 });
  });
});

describe('an updater that crashes', () => {
  test.each(['UPDATER_CRASHED', 'NEVER_SERVED', 'LAUNCH_FAILED'] as const)(
    '%s: the same run waits for its next attempt',
    (code) => {
      const world = worldOf(at(1, ...known, admitted('r', scan), finished('r', failure(code))));
      expect(world.runs.get('r')).toMatchObject({
        attempt: 1,
        phase: { kind: 'interrupted', code },
      });
      expect(world.updaters.get(UPDATER)?.scanTrials.failureCount).toBe(0);
      expect(world.lastRunEndedAtMs).toBe(1);
    },
  );

  test('at the last attempt has failed', () => {
    const crashes = attempts(retry.attemptsMax, finished('r', failure('UPDATER_CRASHED')));
    const world = worldOf(at(1, ...known, ...crashes));
    expect(world.runs.size).toBe(0);
    expect(world.updaters.get(UPDATER)?.scanTrials.lastFailure?.code).toBe('UPDATER_CRASHED');
  });
});

test("a stop of Lull keeps the run id, is nobody's failure and waits for nothing", () => {
  const world = worldOf(
    at(7, ...known, admitted('r', scan), started('r'), cancelled('SHUTTING_DOWN')),
  );
  expect(world.runs.get('r')?.phase).toEqual({
    kind: 'interrupted',
    code: 'SHUTTING_DOWN',
    message: '',
    sinceMs: 7,
    retryAtMs: 7,
  });
  expect(world.updaters.get(UPDATER)?.scanTrials.failureCount).toBe(0);
});

test('handed over as often as one likes, a run is not given up', () => {
  const stops = attempts(retry.attemptsMax * 3, cancelled('SHUTTING_DOWN'));
  const world = worldOf(at(7, ...known, ...stops, ...attempts(1, interrupted('r'))));
  expect(world.runs.get('r')?.phase).toMatchObject({ kind: 'interrupted', retryAtMs: 7 });
});

describe('the end of a scan', () => {
  test('that succeeded is remembered and clears the failures before it', () => {
    const dated: Dated[] = [
      ...at(1, ...known, admitted('r', scan), finished('r', failure('UPSTREAM_DOWN'))),
      ...at(50, admitted('s', scan), finished('s', { kind: 'succeeded' })),
    ];
    const updater = worldOf(dated).updaters.get(UPDATER);
    expect(updater).toMatchObject({ lastScanAtMs: 50, scanTrials: { failureCount: 0 } });
  });

  function waitsOf(floorH: number): number[] {
    const manifest = { scan: { sla_h: 22, floor_h: floorH } };
    const once = [admitted('r', scan), finished('r', failure('UPSTREAM_DOWN'))];
    return [once, [...once, ...once], [...once, ...once, ...once]].map((facts) => {
      const world = worldOf(at(0, submitted(UPDATER, manifest), enabled(), ...facts));
      return world.updaters.get(UPDATER)?.scanTrials.notBeforeMs ?? Number.NaN;
    });
  }

  test('that failed waits longer each time', () => {
    expect(waitsOf(0).map((ms) => Math.round(ms / 30_000))).toEqual([1, 2, 4]);
  });

  test('that failed waits at least for the hours that its manifest puts between two', () => {
    expect(waitsOf(2)).toEqual([7_200_000, 7_200_000, 7_200_000]);
  });

  test('the floor lies between a scan that crashed, or was cancelled, and the next', () => {
    const manifest = { scan: { sla_h: 22, floor_h: 2 } };
    const after = (...facts: Fact[]) =>
      worldOf(at(0, submitted(UPDATER, manifest), enabled(), admitted('r', scan), ...facts));
    const crashed = after(started('r'), finished('r', failure('UPDATER_CRASHED')));
    expect(crashed.runs.get('r')?.phase).toMatchObject({ retryAtMs: 7_200_000 });
    const cut = after(started('r'), cancelled('OPERATOR')).updaters.get(UPDATER)?.scanTrials;
    expect(cut).toEqual({ failureCount: 0, failedAtMs: 0, notBeforeMs: 7_200_000 });
    const never = after(cancelled('OPERATOR')).updaters.get(UPDATER)?.scanTrials;
    expect(never?.notBeforeMs).toBe(0);
    const unlaunched = after(finished('r', failure('LAUNCH_FAILED'))).runs.get('r')?.phase;
    expect(unlaunched?.kind === 'interrupted' ? unlaunched.retryAtMs : NaN).toBeLessThan(60_000);
  });

  test('an updater that is enabled anew scans at once', () => {
    const scanned = [...known, admitted('s', scan), finished('s', { kind: 'succeeded' })];
    const before = worldOf(at(50, ...scanned)).updaters.get(UPDATER);
    const after = worldOf(at(50, ...scanned, enabled())).updaters.get(UPDATER);
    expect([before?.lastScanAtMs, after?.lastScanAtMs]).toEqual([50, undefined]);
  });

  test('comes early by up to a tenth, always the same on one machine', () => {
    const shares = Array.from({ length: 200 }, (_, n) => scanJitter(`host-${String(n)}`, UPDATER));
    expect(scanJitter('host-1', UPDATER)).toBe(scanJitter('host-1', UPDATER));
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.1);
    expect(new Set(shares.map((share) => Math.floor(share * 100))).size).toBeGreaterThan(8);
  });
});

describe('the end of an action', () => {
  function stateUnder(
    policy: Policy['retry'],
    nextAction: Action,
    ...outcomes: Parameters<typeof finished>[1][]
  ) {
    const update = updateOf('a', { nextAction });
    const ends = outcomes.flatMap((outcome) => [
      admitted('r', perform(update)),
      finished('r', outcome),
    ]);
    const world = worldOf(at(0, submitted(), enabled(), found([update]), ...ends), policy);
    return world.updates.get(updateKey(UPDATER, 'a'));
  }

  function stateAfter(nextAction: Action, ...outcomes: Parameters<typeof finished>[1][]) {
    return stateUnder(retry, nextAction, ...outcomes);
  }

  test('that leads to another one names it and starts counting anew', () => {
    const state = stateAfter('download', failure('UPSTREAM_DOWN'), {
      kind: 'more_to_do',
      nextAction: 'install',
    });
    expect(state).toMatchObject({ update: { nextAction: 'install' }, trials: { failureCount: 0 } });
  });

  test.each([['succeeded' as const], ['gone' as const]])('%s: the update is done with', (kind) => {
    expect(stateAfter('install', { kind })).toBeUndefined();
  });

  test('cancelled leaves everything as it was', () => {
    const state = stateAfter('install', { kind: 'cancelled', code: 'OPERATOR' });
    expect(state?.trials).toEqual({ failureCount: 0, notBeforeMs: 0 });
  });

  test('failed for good gives the update up, with the reason', () => {
    const state = stateAfter('download', failure('DIGEST_MISMATCH', false));
    expect(state?.gaveUp).toMatchObject({ code: 'DIGEST_MISMATCH', message: 'it said why' });
  });

  test('content that is not what it was said to be waits for days, twice as long each time', () => {
    const bad = [started('r'), finished('r', failure('DIGEST_MISMATCH'))];
    const waitDays = (count: number): number => {
      const update = updateOf('a');
      const ends = Array<Fact[]>(count)
        .fill([admitted('r', perform(update)), ...bad])
        .flat();
      const world = worldOf(at(0, submitted(), enabled(), found([update]), ...ends));
      const state = world.updates.get(updateKey(UPDATER, 'a'));
      return (state?.trials.notBeforeMs ?? NaN) / 86_400_000;
    };
    for (const [count, days] of [
      [1, 1],
      [2, 2],
      [3, 4],
      [4, 8],
      [5, 16],
      [9, 16],
    ] as const) {
      expect(Math.abs(waitDays(count) - days)).toBeLessThanOrEqual(0.5);
    }
    // A stored bundle that went bad shows before the start, and comes anew.
    expect(stateAfter('download', failure('DIGEST_MISMATCH'))?.trials.notBeforeMs).toBeLessThan(
      60_000,
    );
  });

  test('a server that wants to be left alone is, for a day at the most', () => {
    const asks = (retryAfterMs: number): number | undefined =>
      stateAfter('download', { ...failure('UPSTREAM_DOWN'), retryAfterMs } as never)?.trials
        .notBeforeMs;
    expect([asks(3_600_000), asks(1e12)]).toEqual([3_600_000, 86_400_000]);
    expect(asks(1)).toBeGreaterThan(1);
  });

  test('or for as long as policy honours it', () => {
    const outcome = { ...failure('UPSTREAM_DOWN'), retryAfterMs: 3_600_000 } as never;
    const impatient = { ...retry, askedMsMax: 600_000 };
    expect(stateAfter('download', outcome)?.trials.askedUntilMs).toBe(3_600_000);
    expect(stateUnder(impatient, 'download', outcome)?.trials.askedUntilMs).toBe(600_000);
  });

  test("a metered network is nobody's failure", () => {
    expect(stateAfter('download', failure('METERED'))?.trials.failureCount).toBe(0);
  });

  test('nor is a server that does not answer, unless its updater says that it never will', () => {
    const down = failure('UPSTREAM_DOWN');
    const often = Array<typeof down>(retry.demotedAtCount).fill(down);
    expect(stateAfter('install', ...often)?.trials.failureCount).toBe(0);
    expect(stateAfter('install', ...often, failure('APPLY_FAILED'))?.gaveUp).toBeUndefined();
    expect(stateAfter('install', failure('UPSTREAM_DOWN', false))?.gaveUp).toBeDefined();
  });

  test('an install is tried every half hour, and once a day after three failures', () => {
    const no = failure('APPLY_FAILED');
    const waits = [1, 2, 3, 4].map(
      (count) => stateAfter('install', ...Array<typeof no>(count).fill(no))?.trials.notBeforeMs,
    );
    const { installMs, giveUpMs } = retry;
    expect(waits).toEqual([installMs, installMs, giveUpMs, giveUpMs]);
  });

  test('what an operator wanted after all is not given up any more once it goes on', () => {
    const no = failure('APPLY_FAILED');
    const on = { kind: 'more_to_do', nextAction: 'verify' } as const;
    const state = stateAfter('install', ...Array<typeof no>(12).fill(no), on);
    expect(state).toMatchObject({ update: { nextAction: 'verify' }, trials: { failureCount: 0 } });
    expect(state).not.toHaveProperty('gaveUp');
  });

  test('what failed a dozen times is left alone, and another version begins anew', () => {
    const no = failure('APPLY_FAILED');
    const many = (count: number) => stateAfter('install', ...Array<typeof no>(count).fill(no));
    expect(many(11)?.gaveUp).toBeUndefined();
    expect(many(12)?.gaveUp).toMatchObject({
      code: 'APPLY_FAILED',
      message: expect.stringMatching(/^failed 12 times/),
    });
    const fails = Array<Fact[]>(12).fill([
      admitted('r', perform(updateOf('a', { nextAction: 'install' })), { attempt: 9 }),
      finished('r', no),
    ]);
    const next = found([updateOf('a', { toVersion: '3.0.0' })]);
    const facts = [submitted(), enabled(), found([updateOf('a')]), ...fails.flat(), next];
    const [state] = [...worldOf(at(0, ...facts)).updates.values()];
    expect(state?.gaveUp).toBeUndefined();
    expect(state?.trials.failureCount).toBe(0);
  });

  test('what does not work once installed is rolled back, and then given up', () => {
    const back = stateAfter('verify', failure('VERIFY_FAILED'));
    expect(back).toMatchObject({ update: { nextAction: 'rollback' }, trials: { notBeforeMs: 0 } });
    const update = updateOf('a', { nextAction: 'rollback' });
    const world = worldOf(
      at(
        0,
        ...[submitted(), enabled(), found([updateOf('a', { nextAction: 'verify' })])],
        ...[admitted('r', perform(updateOf('a', { nextAction: 'verify' })))],
        ...[finished('r', failure('VERIFY_FAILED')), admitted('s', perform(update))],
        finished('s', { kind: 'succeeded' }),
      ),
    );
    expect(world.updates.get(updateKey(UPDATER, 'a'))?.gaveUp).toEqual({
      code: 'MARKED_BAD',
      message: 'rolled back: it said why',
    });
  });

  test('of an update that has gone meanwhile, or of an updater withdrawn, changes nothing else', () => {
    const run = admitted('r', perform(updateOf('z')));
    const world = worldOf(at(0, ...known, run, finished('r', failure('APPLY_FAILED'))));
    expect([...world.updates.values()].map(({ update }) => update.id)).toEqual(['a']);
    expect(world.history).toHaveLength(1);
  });
});

test('history keeps the newest runs and no more than its limit', () => {
  const many = Array.from({ length: HISTORY_MAX + 5 }, (_, n) => [
    admitted(`r${String(n)}`, scan),
    finished(`r${String(n)}`, { kind: 'succeeded' }),
  ]).flat();
  const { history } = worldOf(at(1, ...known, ...many));
  expect(history).toHaveLength(HISTORY_MAX);
  expect(history.at(-1)?.id).toBe(`r${String(HISTORY_MAX + 4)}`);
});

test.each<[string, Fact]>([
  ['its host goes away', interrupted('r')],
  ['it crashes', finished('r', failure('UPDATER_CRASHED'))],
  ['Lull stops', cancelled('SHUTTING_DOWN')],
])(
  'withdrawn in the middle of a run: when %s, it is over, and the update is found anew',
  (_what, end) => {
    const known = [submitted(), enabled(), found([updateOf('a')])];
    const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };
    const run = [admitted('r', perform(updateOf('a'))), started('r')];
    const world = worldOf(at(1, ...known, ...run, withdrawn, ...known.slice(0, 2), end));
    expect(world.runs.size).toBe(0);
    const again = worldOf(at(1, ...known, ...run, withdrawn, ...known.slice(0, 2), end, ...known));
    expect(again.updates.size).toBe(1);
  },
);
