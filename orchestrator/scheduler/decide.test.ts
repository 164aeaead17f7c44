// Every reason that `decide` can give, each from the one thing that is wrong; and what it decides when
// nothing is.

import { describe, expect, test } from '@jest/globals';
import { withReadings, type Value } from '../../conditions/reading.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import {
  admitted,
  at,
  awaySince,
  enabled,
  engaged,
  failure,
  finished,
  found,
  interrupted,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  started,
  submitted,
  thawed,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { scanJitter } from '../world/retry.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';

const HOUR_MS = 3_600_000;
const scan = { kind: 'scan' } as const;
const unknown: Value = { kind: 'unknown', why: 'test' };
const percent = (number: number): Value => ({ kind: 'number', number });
const onBattery: Value = { kind: 'flag', flag: false };

function hostWith(changes: Partial<HostView> = {}): HostView {
  return {
    id: 'host-1',
    attached: true,
    readings: quietReadings(),
    diskPath: '/',
    servedSinceMs: NOW_MS - HOUR_MS,
    level: 'confined',
    ...changes,
  };
}

function reading(changes: Parameters<typeof quietReadings>[0]): HostView {
  return hostWith({ readings: quietReadings(changes) });
}

/** A world in which a scan was done a moment ago, so that only `a`'s next action is in question. */
function offering(nextAction: 'download' | 'install' | 'verify', ...more: Fact[]): Dated[] {
  return [
    ...at(NOW_MS - 2 * HOUR_MS, submitted(), enabled(), found([updateOf('a', { nextAction })])),
    ...at(NOW_MS - HOUR_MS, admitted('s', scan), finished('s', { kind: 'succeeded' })),
    ...at(NOW_MS - HOUR_MS, ...more),
  ];
}

function planOf(dated: Dated[], host = hostWith(), policy: Policy = trustingPolicy) {
  return decide(worldOf(dated), host, policy, NOW_MS);
}

/** Codes that stand in the way of update `a`. */
function codesFor(
  dated: Dated[],
  host = hostWith(),
  policy: Policy = trustingPolicy,
): ReasonCode[] {
  const { waiting } = planOf(dated, host, policy);
  const mine = waiting.find(({ subject }) => subject.work.kind === 'perform');
  return mine?.reasons.map(({ code }) => code) ?? [];
}

describe('when nothing stands in the way', () => {
  test.each(['download', 'install', 'verify'] as const)('%s is admitted with a guard', (action) => {
    const { admit, waiting } = planOf(offering(action));
    expect(admit).toMatchObject([
      {
        runId: 'run-2',
        epoch: 2,
        attempt: 1,
        subject: { action },
      },
    ]);
    expect(admit[0]?.guard[0]).toEqual({ kind: 'person-away', forMs: 0 });
    expect(waiting.map(({ reasons }) => reasons.map(({ code }) => code))).toEqual([
      ['SCAN_NOT_DUE', 'SLOT_TAKEN', 'CONFLICT'],
    ]);
  });

  test('a scan is admitted as soon as its updater is enabled', () => {
    const { admit } = planOf(at(NOW_MS - HOUR_MS, submitted(), enabled()));
    expect(admit).toMatchObject([{ runId: 'run-1', subject: { action: 'scan' } }]);
  });
});

describe('the person and the machine', () => {
  test.each<[ReasonCode, HostView, 'download' | 'install']>([
    ['PERSON_PRESENT', reading({ presence: engaged }), 'download'],
    ['PERSON_JUST_LEFT', reading({ presence: awaySince(NOW_MS - 60_000) }), 'download'],
    ['PERSON_JUST_LEFT', reading({ presence: awaySince(NOW_MS - 300_000) }), 'install'],
    ['PRESENCE_UNKNOWN', reading({ presence: unknown }), 'download'],
    ['ON_BATTERY', reading({ 'power.ac': onBattery }), 'install'],
    ['AC_UNKNOWN', reading({ 'power.ac': unknown }), 'install'],
    ['BATTERY_LOW', reading({ 'power.ac': onBattery, 'power.battery': percent(19) }), 'download'],
    ['BATTERY_UNKNOWN', reading({ 'power.ac': unknown, 'power.battery': unknown }), 'download'],
    ['CPU_BUSY', reading({ 'cpu.busy': percent(20) }), 'download'],
    ['DISK_BUSY', reading({ 'disk.busy': percent(90) }), 'download'],
    ['MEMORY_FULL', reading({ 'memory.used': percent(95) }), 'download'],
    ['UNDER_PRESSURE', reading({ 'pressure.io': percent(50) }), 'download'],
    ['LOAD_UNKNOWN', reading({ 'pressure.memory': unknown }), 'download'],
    ['NO_SPACE', reading({ 'disk.free': percent(1e9) }), 'download'],
    ['SPACE_UNKNOWN', reading({ 'disk.free': unknown }), 'install'],
  ])('%s', (code, host, action) => {
    expect(codesFor(offering(action), host)).toEqual([code]);
  });

  test('every reason is kept, not only the first', () => {
    const host = reading({ presence: engaged, 'power.ac': onBattery, 'cpu.busy': percent(99) });
    expect(codesFor(offering('install'), { ...host, attached: false })).toEqual([
      'HOST_NOT_ATTACHED',
      'PERSON_PRESENT',
      'CPU_BUSY',
      'ON_BATTERY',
    ]);
  });

  test('load is not asked just after a run of our own: we would measure ourselves', () => {
    const busy = reading({ 'cpu.busy': percent(99) });
    const run = [
      admitted('r', perform(updateOf('a'))),
      finished('r', { kind: 'more_to_do', nextAction: 'install' }),
    ];
    const dated = [...offering('download'), ...at(NOW_MS - 59_000, ...run)];
    expect(codesFor(dated, busy)).toEqual([]);
    const longAgo = [...offering('download'), ...at(NOW_MS - 60_000, ...run)];
    expect(codesFor(longAgo, busy)).toEqual(['CPU_BUSY']);
  });

  test('the space asked for is what the update needs, a tenth more, and a rest for the person', () => {
    const update = updateOf('a', { downloadBytes: 4e8, installBytes: 6e8 });
    const dated = [...offering('install'), ...at(NOW_MS - HOUR_MS, found([update]))];
    const needed = 1.1e9 + trustingPolicy.disk.freeBytesMin;
    const free = (bytes: number): HostView =>
      reading({ 'network.metered': { kind: 'word', word: 'no' }, 'disk.free': percent(bytes) });
    expect(codesFor(dated, free(needed - 1))).toEqual(['NO_SPACE']);
    expect(codesFor(dated, free(needed))).toEqual([]);
  });
});

describe('where it is installed to', () => {
  const root = '/home/apps';
  const manifest = {
    actions: ['download', 'install'],
    install_roots: [{ name: 'apps', path: '{apps}' }],
    settings: [{ name: 'apps', kind: 'path', why: 'where it is' }],
  };
  const update = updateOf('a', { nextAction: 'install', installBytes: 1e9 });
  const dated = at(
    NOW_MS - HOUR_MS,
    submitted(UPDATER, manifest),
    { ...enabled(), settings: [['apps', root]] } as Fact,
    admitted('s', { kind: 'scan' }),
    finished('s', { kind: 'succeeded' }),
    found([update]),
  );
  const needed = 1.1e9 + trustingPolicy.disk.freeBytesMin;

  function hostWithRoot(value: Value): HostView {
    const host = hostWith();
    const before = host.readings.get('disk.free:/');
    if (before === undefined) throw new Error('the quiet machine has a disk');
    const readings = withReadings(host.readings, [{ ...before, instance: root, value }]);
    return { ...host, readings };
  }

  test.each<[string, Value, ReasonCode[]]>([
    ['there is room', percent(needed), []],
    ['a byte is missing', percent(needed - 1), ['NO_SPACE']],
    ['its file system does not answer', unknown, ['SPACE_UNKNOWN']],
  ])('%s: its own file system counts, however empty the others are', (_what, value, codes) => {
    expect(codesFor(dated, hostWithRoot(value))).toEqual(codes);
  });

  test('one that nobody measures keeps it waiting, and says which', () => {
    const { waiting } = planOf(dated);
    const mine = waiting.find(({ subject }) => subject.state?.update.id === 'a');
    expect(mine?.reasons).toMatchObject([{ code: 'SPACE_UNKNOWN' }]);
    expect(mine?.reasons[0]?.message).toContain(root);
  });
});

describe('Lull itself', () => {
  const failed = (code: ReasonCode, retry = true): Fact[] => [
    admitted('r', perform(updateOf('a'))),
    finished('r', failure(code, retry)),
  ];
  const justNow = (...facts: Fact[]): Dated[] => [
    ...offering('install'),
    ...at(NOW_MS - 1_000, ...facts),
  ];

  test.each<[ReasonCode, Dated[], HostView?]>([
    ['HOST_NOT_ATTACHED', offering('download'), hostWith({ attached: false })],
    ['CONFINEMENT_UNKNOWN', offering('download'), hostWith({ level: undefined })],
    ['CONFINEMENT_WEAK', offering('download'), hostWith({ level: 'loose' })],
    ['STARTING_UP', offering('download'), hostWith({ servedSinceMs: NOW_MS - 60_000 })],
    [
      'UPDATER_SUSPENDED',
      offering('download', {
        kind: 'updater.suspended',
        id: UPDATER,
        code: 'OPERATOR',
        why: 'x',
        actor: 'operator',
      }),
    ],
    ['UPDATER_NOT_ENABLED', at(NOW_MS - HOUR_MS, submitted(), found([updateOf('a')]))],
    [
      'ACTION_NOT_DECLARED',
      at(
        NOW_MS - HOUR_MS,
        submitted(UPDATER, { actions: ['download'] }),
        enabled(),
        found([updateOf('a', { nextAction: 'install' })]),
      ),
    ],
    [
      'SCOPE_REFUSED',
      at(
        NOW_MS - HOUR_MS,
        submitted(UPDATER, { scope: 'firmware' }),
        enabled(),
        found([updateOf('a')]),
      ),
    ],
    ['RETRY_LATER', justNow(...failed('APPLY_FAILED'))],
    ['GAVE_UP', justNow(...failed('DIGEST_MISMATCH', false))],
    [
      'RETRY_LATER',
      justNow(...[1, 2].flatMap(() => [admitted('r', perform(updateOf('a'))), interrupted('r')])),
    ],
  ])('%s', (code, dated, host = hostWith()) => {
    expect(codesFor(dated, host)).toContain(code);
  });

  test('SCAN_NOT_DUE until the hours of the manifest have gone by, with the instant', () => {
    const dueAtMs = NOW_MS - HOUR_MS + 22 * HOUR_MS * (1 - scanJitter('host-1', UPDATER));
    const plan = decide(
      worldOf(offering('download')),
      reading({ presence: engaged }),
      trustingPolicy,
      NOW_MS,
    );
    const waits = plan.waiting.find(({ subject }) => subject.work.kind === 'scan');
    expect(waits?.reasons).toContainEqual(
      expect.objectContaining({ code: 'SCAN_NOT_DUE', untilMs: dueAtMs }),
    );
    const later = decide(
      worldOf(offering('download')),
      reading({ presence: engaged }),
      trustingPolicy,
      dueAtMs,
    );
    const due = later.waiting.find(({ subject }) => subject.work.kind === 'scan');
    expect(due?.reasons.map(({ code }) => code)).toEqual(['PERSON_PRESENT']);
  });

  test('SLOT_TAKEN while another run has it, even one that is paused', () => {
    const other = admitted('r', perform(updateOf('b')));
    const dated = [...offering('download', found([updateOf('a'), updateOf('b')]), other)];
    expect(codesFor([...dated, ...at(NOW_MS, paused('r', 'X'))])).toEqual([
      'SLOT_TAKEN',
      'CONFLICT',
    ]);
  });

  test('a clock that was set back puts nothing off for ever', () => {
    const host = hostWith({ servedSinceMs: NOW_MS + 10 * HOUR_MS });
    expect(codesFor(offering('download'), host)).toEqual([]);
  });
});

test('the plan is looked at again at the first instant at which it changes by itself', () => {
  const host = hostWith({
    readings: quietReadings({ presence: awaySince(NOW_MS - 100_000) }),
    servedSinceMs: NOW_MS - 100_000,
  });
  expect(planOf(offering('download'), host).lookAgainAtMs).toBe(NOW_MS + 140_000);
});

describe('an interrupted run', () => {
  test('is taken up again under its id, with the next attempt and a higher fence', () => {
    const run = [admitted('r', perform(updateOf('a')), { epoch: 7 }), interrupted('r')];
    expect(planOf(offering('install', ...run)).admit).toMatchObject([
      { runId: 'r', epoch: 8, attempt: 2 },
    ]);
  });
});

describe('a run with a slot', () => {
  const running = [admitted('r', perform(updateOf('a', { nextAction: 'install' }))), started('r')];
  const back = [...running, paused('r', 'PERSON_PRESENT')];

  test('goes on while its guard holds, whatever starting would need', () => {
    const host = reading({ presence: awaySince(NOW_MS), 'cpu.busy': percent(99) });
    expect(planOf(offering('install', ...running), host)).toMatchObject({
      pause: [],
      stop: [],
      resume: [],
    });
  });

  test.each<[ReasonCode, HostView]>([
    ['PERSON_PRESENT', reading({ presence: engaged })],
    ['PRESENCE_UNKNOWN', reading({ presence: unknown })],
    ['ON_BATTERY', reading({ 'power.ac': onBattery })],
  ])('is paused for %s', (code, host) => {
    const { pause } = planOf(offering('install', ...running), host);
    expect(pause).toMatchObject([{ run: { id: 'r' }, reasons: [{ code }] }]);
  });

  test('is left to its host while that has told nothing of its machine, as when it was taken over (H5)', () => {
    const plan = planOf(offering('install', ...running), hostWith({ readings: new Map() }));
    expect(plan).toMatchObject({ pause: [], stop: [], unjudged: [{ id: 'r' }] });
    expect(planOf(offering('install', ...running), reading({})).unjudged).toEqual([]);
    const waiting = planOf(offering('install', ...back), hostWith({ readings: new Map() }));
    expect(waiting).toMatchObject({ resume: [], paused: [{ run: { id: 'r' } }], unjudged: [] });
  });

  test('is taken up again when the person has been away for long enough, not before', () => {
    const tooSoon = reading({ presence: awaySince(NOW_MS - 239_000) });
    const plan = planOf(offering('install', ...back), tooSoon);
    expect(plan.resume).toEqual([]);
    expect(plan.paused).toMatchObject([
      { reasons: [{ code: 'PERSON_JUST_LEFT', untilMs: NOW_MS + 1_000 }] },
    ]);
    const soon = reading({ presence: awaySince(NOW_MS - 240_000) });
    expect(planOf(offering('install', ...back), soon).resume).toMatchObject([{ id: 'r' }]);
  });

  test('is not told to go on while no host is there to hear it', () => {
    const plan = planOf(offering('install', ...back), hostWith({ attached: false }));
    expect(plan.resume).toEqual([]);
    expect(plan.paused).toMatchObject([{ reasons: [{ code: 'HOST_NOT_ATTACHED' }] }]);
  });

  test('that was told to go on and does not is told again after a while, not in a circle', () => {
    const told = (agoMs: number): Dated[] => [
      ...offering('install', ...back),
      ...at(NOW_MS - agoMs, { kind: 'run.resumed', runId: 'r' }),
    ];
    expect(planOf(told(1_000))).toMatchObject({ resume: [], lookAgainAtMs: NOW_MS + 1_000 });
    expect(planOf(told(2_000)).resume).toMatchObject([{ id: 'r' }]);
  });

  test('that the plug flaps for pauses each time, and goes on once a minute', () => {
    // In, out, in, out … ten times a second, for three minutes: what was decided is what happens.
    const dated: Dated[] = offering('install', ...running);
    const resumedAtMs: number[] = [];
    let pauseCount = 0;
    for (let passedMs = 0; passedMs < 180_000; passedMs += 100) {
      const nowMs = NOW_MS + passedMs;
      const plugged: Value = { kind: 'flag', flag: (passedMs / 100) % 2 === 1 };
      const host = reading({ 'power.ac': plugged, presence: awaySince(NOW_MS - HOUR_MS) });
      const { pause, resume } = decide(worldOf(dated), host, trustingPolicy, nowMs);
      if (pause.length > 0) {
        pauseCount += 1;
        dated.push(...at(nowMs, paused('r', 'ON_BATTERY')));
      }
      if (resume.length === 0) continue;
      resumedAtMs.push(passedMs);
      dated.push(...at(nowMs, { kind: 'run.resumed', runId: 'r' }, thawed('r')));
    }
    // The first time at once; each time that it goes on, the next edge stops it.
    expect(resumedAtMs).toEqual([100, 60_100, 120_100]);
    expect(pauseCount).toBe(4);
  });

  test.each<[string, Fact, ReasonCode]>([
    ['withdrawn', { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' }, 'OPERATOR'],
    [
      'suspended',
      { kind: 'updater.suspended', id: UPDATER, code: 'OPERATOR', why: 'x', actor: 'operator' },
      'UPDATER_SUSPENDED',
    ],
  ])('is stopped when its updater is %s', (_what, fact, code) => {
    const plan = planOf(offering('install', ...back, fact));
    expect(plan.stop).toMatchObject([{ run: { id: 'r' }, reason: { code } }]);
    expect(plan).toMatchObject({ resume: [], admit: [], paused: [] });
  });
});
