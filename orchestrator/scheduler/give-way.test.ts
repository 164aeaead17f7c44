// A run that is held up for good, and who else would like its slot.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Signal, Value } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  at,
  enabled,
  engaged,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  started,
  submitted,
  thawed,
  trustingPolicy,
  updateOf,
  UPDATER,
  worldOf,
  type Dated,
} from '../world/history.testing.js';
import { foldEntry } from '../world/fold.js';
import { decide } from './decide.js';
import { hostWith, HOUR_MS, offering, OTHER } from './offering.testing.js';
import type { Plan } from './plan.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * HOUR_MS;
const { giveWayMs } = trustingPolicy.waiting;
const metered = { 'network.metered': { kind: 'word', word: 'yes' } } as const;
const dearNoMore = { 'network.metered': { kind: 'word', word: 'no' } } as const;
const film = updateOf('film', { downloadBytes: 9e8 });
const patch = updateOf('patch', { downloadBytes: 5e5, security: true });
const wanted: Fact = {
  kind: 'run.demanded',
  updaterId: OTHER,
  updateId: 'patch',
  actor: 'operator',
};

/** `film` is on and has been paused for `pausedMs`; another updater offers `other`. */
function heldUp(pausedMs: number, other: Update, ...more: Fact[]): Dated[] {
  return [
    ...offering([film]),
    ...at(NOW_MS - 2 * HOUR_MS, admitted('r', perform(film)), started('r')),
    ...at(NOW_MS - HOUR_MS, found([other], OTHER)),
    ...at(NOW_MS - pausedMs, paused('r', 'METERED')),
    ...at(NOW_MS, ...more),
  ];
}

function planOf(
  dated: Dated[],
  readings: Partial<Record<Signal, Value>> = metered,
  policy: Policy = trustingPolicy,
): Plan {
  return decide(worldOf(dated), hostWith(readings), policy, NOW_MS);
}

const stopsOf = ({ stop }: Plan): string[] =>
  stop.map(({ run, reason }) => `${run.id} ${reason.code}`);

describe('a run that has been paused for ten minutes', () => {
  test('gives its slot to what could run now', () => {
    const plan = planOf(heldUp(giveWayMs, patch));
    expect(stopsOf(plan)).toEqual(['r GAVE_WAY']);
    expect(plan).toMatchObject({ paused: [], admit: [] });
    // Whoever asks why it ended is told for whom, and what held it up.
    expect(plan.stop[0]?.reasons).toMatchObject([
      { code: 'GAVE_WAY', message: `it waits, and ${OTHER} patch could run` },
      { code: 'METERED' },
    ]);
  });

  test('does so after that time, and the plan says when', () => {
    const plan = planOf(heldUp(giveWayMs - 1_000, patch));
    expect(stopsOf(plan)).toEqual([]);
    expect(plan.paused).toHaveLength(1);
    expect(plan.lookAgainAtMs).toBe(NOW_MS + 1_000);
  });

  test('lets the other start once it is gone, and keeps its own id and place', () => {
    const cut = finished('r', { kind: 'cancelled', code: 'GAVE_WAY' });
    const { admit, waiting } = planOf(heldUp(giveWayMs, patch, cut));
    expect(admit).toMatchObject([{ subject: { work: { update: { id: 'patch' } } } }]);
    const film = waiting.find(({ subject }) => subject.interrupted?.id === 'r');
    expect(film?.reasons.map(({ code }) => code)).toEqual(['METERED', 'SLOT_TAKEN']);
    const { runs, updates } = worldOf(heldUp(giveWayMs, patch, cut));
    expect(runs.get('r')).toMatchObject({ strikeCount: 0, phase: { retryAtMs: NOW_MS } });
    expect(updates.get(`${UPDATER} film`)?.trials.failureCount).toBe(0);
    const free = planOf(heldUp(giveWayMs, patch, cut, found([], OTHER)), dearNoMore);
    expect(free.admit).toMatchObject([{ runId: 'r', attempt: 2 }]);
  });

  test.each<[string, Update, Partial<Record<Signal, Value>>]>([
    ['cannot run either: a person is there', patch, { ...metered, presence: engaged }],
    ['is as large, and the network as dear', updateOf('other', { downloadBytes: 8e8 }), metered],
    [
      'wants mains, and there are none',
      updateOf('other', { nextAction: 'install' }),
      {
        ...metered,
        'power.ac': { kind: 'flag', flag: false },
      },
    ],
  ])('keeps it where the other %s', (_what, other, readings) => {
    expect(stopsOf(planOf(heldUp(DAY_MS, other), readings))).toEqual([]);
  });

  test('keeps it on a machine with slots for both', () => {
    const large = {
      ...metered,
      'cpu.cores': { kind: 'number', number: 8 },
      'disk.rotating': { kind: 'flag', flag: false },
    } as const;
    const plan = planOf(heldUp(DAY_MS, patch), large);
    expect(stopsOf(plan)).toEqual([]);
    expect(plan.admit).toHaveLength(1);
  });

  test('gives way to another update of its own updater', () => {
    const dated = [
      ...offering([film, patch]),
      ...at(NOW_MS - HOUR_MS, admitted('r', perform(film)), paused('r', 'METERED')),
    ];
    expect(stopsOf(planOf(dated))).toEqual(['r GAVE_WAY']);
  });

  test('keeps it in a critical section, and gives it up behind it', () => {
    const section = (entered: boolean): Fact => ({
      ...{ kind: 'critical.changed', runId: 'r', entered, why: 'dpkg' },
    });
    expect(stopsOf(planOf(heldUp(DAY_MS, patch, section(true))))).toEqual([]);
    expect(stopsOf(planOf(heldUp(DAY_MS, patch, section(true), wanted)))).toEqual([]);
    expect(stopsOf(planOf(heldUp(DAY_MS, patch, section(true), section(false))))).toEqual([
      'r GAVE_WAY',
    ]);
  });

  test('keeps it while it is known when it goes on', () => {
    const back = [
      ...heldUp(DAY_MS, updateOf('patch', { security: true })),
      ...at(NOW_MS - 30_000, { kind: 'run.resumed', runId: 'r' } as const),
      ...at(NOW_MS - 30_000, thawed('r'), paused('r', 'PERSON_PRESENT')),
    ];
    expect(stopsOf(planOf(back, dearNoMore))).toEqual([]);
  });
});

test('what an operator wants now does not wait for that', () => {
  expect(stopsOf(planOf(heldUp(1_000, patch, wanted)))).toEqual(['r GAVE_WAY']);
  expect(stopsOf(planOf(heldUp(1_000, patch)))).toEqual([]);
});

test('no more give way than have to', () => {
  const slots = { change: 1, fetch: 2, small: 2 };
  const third = 'com.acme.third';
  const second = updateOf('second', { downloadBytes: 9e8 });
  const scanned = [
    admitted('s3', { kind: 'scan' }, { updaterId: third }),
    finished('s3', { kind: 'succeeded' }),
  ];
  const dated: Dated[] = [
    ...at(NOW_MS - DAY_MS, submitted(third), enabled(third)),
    ...heldUp(HOUR_MS, patch, ...scanned, found([second], third)),
    ...at(NOW_MS - HOUR_MS, admitted('q', perform(second), { updaterId: third })),
    ...at(NOW_MS - HOUR_MS, paused('q', 'METERED')),
  ];
  expect(stopsOf(planOf(dated, metered, { ...trustingPolicy, slots }))).toHaveLength(1);
});

test('a restart of the machine that was agreed to does not wait for what is held up', () => {
  const reboot = updateOf('kernel', { nextAction: 'reboot' });
  const agreed: Fact = { ...wanted, updaterId: UPDATER, updateId: 'kernel' };
  const other = admitted('r', perform(film), { updaterId: OTHER });
  const dated = [
    ...offering([reboot]),
    ...at(NOW_MS - HOUR_MS, other, paused('r', 'METERED')),
    ...at(NOW_MS, agreed),
  ];
  expect(planOf(dated).restart).toEqual({});
  expect(stopsOf(planOf(dated))).toEqual(['r GAVE_WAY']);
  const cut = finished('r', { kind: 'cancelled', code: 'GAVE_WAY' });
  expect(planOf([...dated, ...at(NOW_MS, cut)]).restart.order).toBeDefined();
});

/** A machine that does what every plan says, at once. Runs end when they are told to. */
function obedient(dated: readonly Dated[]) {
  const world = worldOf(dated);
  const launches: string[] = [];
  let nowMs = NOW_MS;
  function tell(...facts: Fact[]): void {
    for (const fact of facts) {
      const entry = { sequence: world.sequence + 1, atMs: nowMs, fact, body: '', hash: '' };
      foldEntry(world, entry, trustingPolicy.retry);
    }
  }
  function turn(readings: Partial<Record<Signal, Value>>): void {
    const plan = decide(world, hostWith(readings), trustingPolicy, nowMs);
    for (const { run, reason } of plan.stop)
      tell(finished(run.id, { kind: 'cancelled', code: reason.code }));
    for (const { run } of plan.pause) tell(paused(run.id, 'X'));
    for (const { id } of plan.resume) tell({ kind: 'run.resumed', runId: id }, thawed(id));
    for (const { runId, epoch, attempt, subject } of plan.admit) {
      const { work, updater, level: intrusion } = subject;
      launches.push(runId);
      tell(admitted(runId, work, { epoch, attempt, intrusion, updaterId: updater.id }));
      tell(started(runId));
    }
    if (plan.stop.length > 0) turn(readings); // The end of a run wakes the next turn.
  }
  return { world, launches, tell, turn, wait: (ms: number) => (nowMs += ms), now: () => nowMs };
}

describe('nobody starves behind a run that is paused for ever', () => {
  const others = fc
    .uniqueArray(
      fc.record({
        id: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        security: fc.boolean(),
        downloadBytes: fc.nat(900_000),
        nextAction: fc.constantFrom('download', 'install', 'verify'),
      }),
      { minLength: 1, selector: ({ id }) => id },
    )
    .map((all) => all.map(({ id, ...changes }) => updateOf(id, changes)));

  test('whatever waits, and however long each run takes', () => {
    const runMinutes = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(others, runMinutes, fc.boolean(), (updates, minutes, own) => {
        const { world, launches, tell, turn, wait, now } = obedient([
          ...offering(own ? [film, ...updates] : [film]),
          ...(own ? [] : at(NOW_MS - HOUR_MS, found(updates, OTHER))),
          ...at(NOW_MS - 1, admitted('r', perform(film)), started('r'), paused('r', 'METERED')),
        ]);
        for (let left = 15 + updates.length * (minutes + 3); left > 0; left -= 1) {
          for (const { id, phase, admittedAtMs } of world.runs.values()) {
            if (phase.kind === 'running' && now() - admittedAtMs >= minutes * MINUTE_MS)
              tell(finished(id, { kind: 'succeeded' }));
          }
          turn(metered);
          wait(MINUTE_MS);
        }
        expect([...world.updates.values()].map(({ update }) => update.id)).toEqual(['film']);
        // It was launched before, and is not again: nothing has changed for it.
        expect(launches).not.toContain('r');
      }),
      { numRuns: 60 },
    );
  });

  test('a network that turns metered and back costs one launch in ten minutes at the most', () => {
    const b = updateOf('b', { downloadBytes: 1 });
    const { world, launches, tell, turn, wait } = obedient([
      ...offering([film]),
      ...at(NOW_MS - HOUR_MS, admitted('r', perform(film)), started('r'), paused('r', 'METERED')),
      ...at(NOW_MS - HOUR_MS, found([b], OTHER)),
    ]);
    for (let minute = 0; minute < 120; minute += 1) {
      turn(minute % 12 === 0 ? dearNoMore : metered);
      const other = [...world.runs.values()].find(({ updaterId }) => updaterId === OTHER);
      // There is always something small that could run beside it.
      if (other !== undefined) tell(finished(other.id, { kind: 'succeeded' }), found([b], OTHER));
      wait(MINUTE_MS);
    }
    const again = launches.filter((id) => id === 'r').length;
    expect(again).toBeGreaterThan(1);
    expect(again).toBeLessThanOrEqual(12);
    expect(launches.length - again).toBeGreaterThan(5);
  });
});
