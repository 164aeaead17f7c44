// The auditor is not blind: each of its rules, and the journal that breaks it.

import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Policy } from '../../orchestrator/policy/policy.js';
import { days } from '../../orchestrator/policy/window.js';
import {
  admitted,
  enabled,
  failure,
  finished,
  found,
  interrupted,
  perform,
  trustingPolicy,
  updateOf,
  UPDATER,
} from '../../orchestrator/world/history.testing.js';
import { Audit } from './audit.js';
import { Truth, type Sight } from './truth.js';

const START_MS = Date.UTC(2030, 0, 7);
const HOUR_MS = 3_600_000;
const OTHER = 'com.acme.other';
const scan = { kind: 'scan' } as const;
const install = perform(updateOf('a', { nextAction: 'install' }));
const untilMs = START_MS + 24 * HOUR_MS;
const actor = 'operator';

type Dated = readonly [secondS: number, fact: Fact];

/** Reads facts, each durable when it was written; the machine was left alone an hour before. */
function reading(
  dated: readonly Dated[],
  seen: Partial<Sight> = {},
  truth = new Truth(),
  policy: Policy = trustingPolicy,
) {
  truth.sights.push({
    ...{ atMs: START_MS - HOUR_MS, awaySinceMs: START_MS - HOUR_MS, locked: false, dark: false },
    ...{ mains: true, othersBusy: false, remote: false, ...seen },
  });
  const audit = new Audit({ at: () => [policy] }, truth);
  return (): Audit => {
    dated.forEach(([secondS, fact], i) => {
      const atMs = START_MS + secondS * 1_000;
      audit.read({ sequence: i + 1, atMs, fact, body: '', hash: '' }, atMs, true);
    });
    return audit;
  };
}

const known: readonly Dated[] = [
  [0, enabled()],
  [0, enabled(OTHER)],
];
const run = (epoch: number, changes: Parameters<typeof admitted>[2] = {}): Fact =>
  admitted(`run-${String(epoch)}`, scan, { epoch, ...changes });
const held: Fact = {
  ...{ kind: 'hold.placed', updaterId: UPDATER, updateId: '', why: 'w', untilMs, actor },
};
const wanted: Fact = { kind: 'run.demanded', updaterId: UPDATER, updateId: '', actor };

describe('what is as it should be passes', () => {
  test.each<[string, Dated[]]>([
    [
      'one run after another',
      [
        [1, run(1)],
        [2, finished('run-1', { kind: 'succeeded' })],
        [3, run(2)],
      ],
    ],
    [
      'two of two updaters',
      [
        [1, run(1)],
        [2, run(2, { updaterId: OTHER })],
      ],
    ],
    [
      'what somebody wanted now',
      [
        [1, wanted],
        [2, run(1, { intrusion: 'forced' })],
      ],
    ],
    [
      'what was cut, under its id',
      [
        [1, run(1)],
        [2, interrupted('run-1')],
        [3, admitted('run-1', scan, { epoch: 2, attempt: 2 })],
      ],
    ],
    [
      'what was decided before the order was durable',
      [
        [1, held],
        [1, run(1)],
      ],
    ],
  ])('%s', (_what, dated) => {
    expect(reading([...known, ...dated])().levelOf(1)).toBeDefined();
  });
});

describe('what must never be is seen', () => {
  test.each<[string, string, Dated[], Partial<Sight>?]>([
    [
      'a fence that was there before',
      'J1',
      [
        [1, run(2)],
        [2, run(1, { updaterId: OTHER })],
      ],
    ],
    [
      'a run that is on',
      'J1',
      [
        [1, run(1)],
        [2, admitted('run-1', scan, { epoch: 2 })],
      ],
    ],
    ['an attempt that is left out', 'J1', [[1, run(1, { attempt: 3 })]]],
    [
      'an admission against a hold',
      'J2',
      [
        [1, held],
        [2, run(1)],
      ],
    ],
    [
      'a retry without a wait',
      'J3',
      [
        [1, run(1)],
        [2, finished('run-1', failure('UPSTREAM_DOWN'))],
        [3, run(2)],
      ],
    ],
    ['a run beside a person', 'J5', [[1, run(1)]], { awaySinceMs: undefined }],
    ['a run too soon after one left', 'J5', [[1, run(1)]], { awaySinceMs: START_MS - 60_000 }],
    [
      'a run too soon before a screen that went dark',
      'J5',
      [[1, run(1)]],
      { awaySinceMs: START_MS - 58_999, dark: true },
    ],
    ['an install on battery', 'J5', [[1, admitted('run-1', install)]], { mains: false }],
    ['a run beside what others do', 'J5', [[1, run(1)]], { othersBusy: true }],
    [
      'a second run of an updater',
      'J7',
      [
        [1, run(1)],
        [2, run(2)],
      ],
    ],
    ['force that nobody asked for', 'J8', [[1, run(1, { intrusion: 'forced' })]]],
  ])('%s', (_what, rule, dated, seen = {}) => {
    expect(reading([...known, ...dated], seen)).toThrow(rule);
  });

  test('a run outside of the windows, in its own time', () => {
    const windows = [{ days, fromMinute: 60, toMinute: 120 }];
    const policy = { ...trustingPolicy, windows };
    expect(reading([...known, [1, run(1)]], {}, new Truth(), policy)).toThrow('J9');
    expect(reading([...known, [3_601, run(1)]], {}, new Truth(), policy)).not.toThrow();
    const overdue: Dated = [1, run(1, { intrusion: 'noticeable' })];
    expect(reading([...known, overdue], {}, new Truth(), policy)).not.toThrow();
  });

  test('an admission of whom policy does not trust any more, but to put back what does not work', () => {
    const policy = { ...trustingPolicy, publishers: [] };
    expect(reading([...known, [1, run(1)]], {}, new Truth(), policy)).toThrow('J2');
    const work = { kind: 'revert', update: updateOf('a'), roots: [] } as const;
    const putBack: Dated = [1, admitted('run-1', work, { intrusion: 'forced' })];
    expect(reading([...known, putBack], {}, new Truth(), policy)).not.toThrow();
  });

  test('a restart that nobody wants, warns of, or that is under way with a run or a guest', () => {
    const allowed = { ...trustingPolicy, restarts: 'allow' } as const;
    const order = (inS: number): Fact => ({
      ...{ kind: 'restart.ordered', hostId: 'h', updates: [UPDATER] },
      atMs: START_MS + inS * 1_000,
    });
    const at = (dated: Dated[], seen: Partial<Sight> = {}, policy: Policy = allowed) =>
      reading([...known, ...dated], seen, new Truth(), policy);
    expect(at([[1, order(901)]])).not.toThrow();
    expect(at([[1, order(901)]], {}, trustingPolicy)).toThrow('J10');
    expect(
      at(
        [
          [0, wanted],
          [1, order(901)],
        ],
        {},
        trustingPolicy,
      ),
    ).not.toThrow();
    expect(at([[1, order(60)]])).toThrow('J10');
    expect(
      at([
        [1, run(1)],
        [2, order(902)],
      ]),
    ).toThrow('J10');
    expect(at([[1, order(901)]], { remote: true })).toThrow('J10');
  });

  test('what waits for a restart and goes on without one', () => {
    const reboot = updateOf('a', { nextAction: 'reboot' });
    const attached = (instanceId: string): Fact => {
      return { kind: 'host.attached', hostId: 'h', instanceId };
    };
    const dated = (...between: Fact[]): Dated[] => [
      ...known,
      [0, attached('first')],
      [1, run(1)],
      [2, { ...found([reboot]), runId: 'run-1' } as Fact],
      [3, finished('run-1', { kind: 'succeeded' })],
      ...between.map((fact): Dated => [4, fact]),
      [5, admitted('run-2', perform(reboot), { epoch: 2 })],
    ];
    const truth = new Truth();
    truth.scanned('run-1', 1, { kind: 'found', ids: ['a'] });
    truth.lives('first', 1);
    truth.lives('crashed', 1);
    truth.lives('restarted', 2);
    expect(reading(dated(), {}, truth)).toThrow('J12');
    expect(reading(dated(attached('crashed')), {}, truth)).toThrow('J12');
    expect(reading(dated(attached('restarted')), {}, truth)).not.toThrow();
    // A clock that was set where no start has a name: nobody could tell.
    truth.restartsAreTold = false;
    expect(reading(dated(), {}, truth)).not.toThrow();
  });

  test('what is given up as bad, and was never seen to be', () => {
    const verify = perform(updateOf('a', { nextAction: 'verify' }));
    const subject = `${UPDATER} a`;
    const ending = (...ends: Fact[]): Dated[] => [
      ...known,
      [1, admitted('v', verify)],
      ...ends.map((fact): Dated => [2, fact]),
    ];
    const truth = new Truth();
    const failed = ending(finished('v', failure('VERIFY_FAILED', false)));
    expect(reading(failed, {}, truth)).toThrow('J13');
    truth.didNotWork('v', 1);
    const verdicts = (dated: Dated[]) => () => {
      reading(dated, {}, truth)().verdicts.mayBeGivenUp(subject);
    };
    expect(verdicts(failed)).not.toThrow();
    expect(verdicts(ending())).toThrow('J13');
    expect(verdicts(ending(finished('v', { kind: 'succeeded' })))).toThrow('J13');
    expect(verdicts(ending(interrupted('v')))).toThrow('J13');
  });

  test('an hour of more than an hour', () => {
    const hour = (awayS: number): Fact => ({
      kind: 'rhythm.hour',
      hourOfWeek: 3,
      awayS,
      returns: 0,
      ages: [[0, Math.min(awayS, 3_599), 0]],
    });
    const wrong = { ...hour(60), ages: [[0, 50, 1]] } as Fact;
    expect(reading([[1, wrong]])).toThrow('J11');
    expect(reading([[1, hour(3_600)]])).not.toThrow();
    expect(reading([[1, hour(3_601)]])).toThrow('J11');
  });

  test('a scan of which something is missing, or that lied', () => {
    const dated: Dated[] = [
      ...known,
      [1, run(1)],
      [2, { ...found([updateOf('a')]), runId: 'run-1' } as Fact],
    ];
    const truth = new Truth();
    truth.scanned('run-1', 1, { kind: 'found', ids: ['a'] });
    expect(reading(dated, {}, truth)().levelOf(1)).toBe('silent');
    truth.scanned('run-1', 1, { kind: 'found', ids: ['a', 'b'] });
    expect(reading(dated, {}, truth)).toThrow('J6');
    truth.scanned('run-1', 1, { kind: 'lie' });
    expect(reading(dated, {}, truth)).toThrow('J6');
  });

  test('a word of an attempt before', () => {
    const heard = { hostId: 'h', instanceId: 'i', sequence: 7 };
    const ended: Fact = { ...finished('run-1', { kind: 'succeeded' }), heard };
    const dated: Dated[] = [...known, [1, run(1)], [2, ended]];
    const truth = new Truth();
    truth.told('i', 7, 1);
    expect(reading(dated, {}, truth)().levelOf(1)).toBe('silent');
    const stale = new Truth();
    stale.told('i', 7, 0);
    expect(reading(dated, {}, stale)).toThrow('J4');
  });
});
