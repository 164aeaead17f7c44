// Any world, any machine, any policy: what the properties of `decide` are asked of. Worlds are folded
// from facts in any order, so that they are worlds that a journal can lead to.

import fc from 'fast-check';
import {
  signals,
  withReadings,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import { intrusions } from '../runs/intrusion.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
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
  reading,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
  worldOf,
} from '../world/history.testing.js';
import { AGES_FROM_S } from '../world/absence-ages.js';
import type { World } from '../world/world.js';
import type { HostView } from './host-view.js';
import { large, ROOT, willingFacts, willingHost } from './willing.testing.js';

const HOUR_MS = 3_600_000;
const BASE_MS = NOW_MS - 400 * HOUR_MS;
const updaters = [UPDATER, 'com.acme.other', 'com.acme.third'] as const;
const actor = 'operator';

const updaterId = fc.constantFrom(...updaters);
const updateId = fc.constantFrom('a', 'b', 'c', 'd');
const runId = fc.constantFrom('r1', 'r2', 'r3');
/** Before and after now, often close to it. */
const instantMs = fc.oneof(
  fc.integer({ min: -5_000, max: 5_000 }),
  fc.integer({ min: -100 * HOUR_MS, max: 100 * HOUR_MS }),
);
const untilMs = instantMs.map((ms) => NOW_MS + ms);
const agoMs = instantMs.map((ms) => Math.abs(ms));

const update: fc.Arbitrary<Update> = fc
  .record({
    id: updateId,
    nextAction: fc.constantFrom('download', 'install', 'verify', 'rollback', 'reboot'),
    security: fc.boolean(),
    exclusive: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    conflictKeys: fc.subarray(['k', 'l', 'lock:dpkg']),
    closedApps: fc.subarray(['/usr/bin/editor']),
    sizes: fc.option(fc.record({ downloadBytes: fc.nat(1e9), installBytes: fc.nat(1e9) }), {
      nil: {},
    }),
    deadline: fc.option(
      untilMs.map((deadlineAtMs) => ({ deadlineAtMs })),
      { nil: {} },
    ),
  })
  .map(({ id, sizes, deadline, ...changes }) =>
    updateOf(id, { ...changes, ...sizes, ...deadline }),
  );
const work = fc.oneof(fc.constant({ kind: 'scan' as const }), update.map(perform));
const updateOrScan = fc.oneof(fc.constant(''), updateId);

const runFact: fc.Arbitrary<Fact> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(runId, work, updaterId, fc.integer({ min: 1, max: 5 }), fc.constantFrom(...intrusions))
      .map(([id, what, owner, attempt, intrusion]) =>
        admitted(id, what, { updaterId: owner, attempt, intrusion }),
      ),
  },
  runId.map(started),
  { weight: 2, arbitrary: runId.map((id) => paused(id, 'X')) },
  runId.map((id): Fact => ({ kind: 'run.resumed', runId: id })),
  runId.map(thawed),
  fc
    .tuple(runId, fc.boolean())
    .map(([id, entered]): Fact => ({ kind: 'critical.changed', runId: id, entered, why: 'w' })),
  runId.map(interrupted),
  runId.map((id) => finished(id, { kind: 'succeeded' })),
  runId.map((id) => finished(id, { kind: 'more_to_do', nextAction: 'install' })),
  fc
    .tuple(runId, fc.constantFrom('APPLY_FAILED', 'UPDATER_CRASHED', 'TIME_LIMIT'), fc.boolean())
    .map(([id, code, retry]) => finished(id, failure(code, retry))),
);

const orderFact: fc.Arbitrary<Fact> = fc.oneof(
  fc.tuple(updaterId, updateOrScan, untilMs).map(([id, what, until]): Fact => ({
    ...{ kind: 'hold.placed', updaterId: id, updateId: what, why: 'w', untilMs: until, actor },
  })),
  fc.tuple(fc.constantFrom('v1', 'v2'), untilMs).map(([vetoId, until]): Fact => ({
    ...{ kind: 'veto.placed', vetoId, owner: 'o', why: 'w', untilMs: until },
  })),
  untilMs.map((until): Fact => ({ kind: 'switch.tripped', why: 'w', untilMs: until, actor })),
  fc.constant<Fact>({ kind: 'switch.released', actor }),
  fc
    .tuple(updaterId, updateOrScan)
    .map(([id, what]): Fact => ({ kind: 'run.demanded', updaterId: id, updateId: what, actor })),
  updaterId.map((id): Fact => ({
    kind: 'updater.suspended',
    id,
    code: 'OPERATOR',
    why: '',
    actor,
  })),
  updaterId.map((id): Fact => ({ kind: 'updater.withdrawn', id, actor })),
);

const rollout = fc
  .tuple(updaterId, updateId)
  .map(([id, what]) => ({ updaterId: id, updateId: what, toVersion: '2.0.0' }));
const rolloutFact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 3, arbitrary: rollout.map((of): Fact => ({ kind: 'rollout.started', ...of })) },
  fc.tuple(rollout, fc.constantFrom('h1', 'h2')).map(([of, hostId]): Fact => ({
    ...{ kind: 'rollout.failed', ...of, hostId, ring: 'first', why: 'w' },
  })),
  rollout.map((of): Fact => ({ kind: 'rollout.stopped', ...of, why: 'w', actor })),
  rollout.map((of): Fact => ({ kind: 'rollout.resumed', ...of, actor })),
);
const restartFact: fc.Arbitrary<Fact> = fc.oneof(
  untilMs.map((atMs): Fact => ({ kind: 'restart.ordered', hostId: 'host-1', atMs, updates: [] })),
  fc.constant<Fact>({ kind: 'restart.cancelled', code: 'OPERATOR', message: 'w' }),
  fc.constant<Fact>({ kind: 'restart.failed', message: 'w' }),
);

const fact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 3, arbitrary: updaterId.map((id) => enabled(id)) },
  { weight: 2, arbitrary: fc.tuple(updaterId, untilMs).map(enabledUntil) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.uniqueArray(update, { selector: ({ id }) => id }), updaterId)
      .map((all) => found(...all)),
  },
  { weight: 6, arbitrary: runFact },
  { weight: 2, arbitrary: orderFact },
  { weight: 2, arbitrary: rolloutFact },
  restartFact,
  fc.constantFrom('one', 'two', undefined).map((bootId): Fact => ({
    ...{ kind: 'host.attached', hostId: 'host-1', instanceId: 'i' },
    ...(bootId === undefined ? {} : { bootId }),
  })),
  { weight: 2, arbitrary: fc.tuple(fc.nat(167), fc.nat(3_600), fc.nat(20)).map(hourSeen) },
);

function enabledUntil([id, until]: [string, number]): Fact {
  return { ...enabled(id), untilMs: until } as Fact;
}

function hourSeen([hourOfWeek, awayS, returns]: [number, number, number]): Fact {
  const ages = [[AGES_FROM_S[returns % AGES_FROM_S.length] ?? 0, awayS, returns]] as const;
  return { kind: 'rhythm.hour', hourOfWeek, awayS, returns, ...(awayS % 2 === 0 ? { ages } : {}) };
}

/** Everything that the journal of a machine with three updaters can have led to. */
export const anyWorld: fc.Arbitrary<World> = fc
  .oneof(
    fc.record({ before: fc.constant([]), later: laterFacts(30) }),
    fc.record({ before: willingFacts(updaters), later: laterFacts(6) }),
  )
  .map(({ before, later }) =>
    worldOf([
      ...updaters.map((id, i) => {
        const critical_max_s = i === 0 ? 60 : 0;
        const install_roots = i === 1 ? [{ name: 'opt', path: ROOT }] : [];
        // The first one brings things over the network, the others find them on the machine.
        const fetch = i === 0 ? ['https://acme.example/'] : [];
        return [BASE_MS, submitted(id, { critical_max_s, install_roots, fetch })] as const;
      }),
      ...[...before.map((each) => [2 * HOUR_MS, each] as const), ...later]
        .sort(([a], [b]) => b - a)
        .map(([ago, each]) => [NOW_MS - ago, each] as const),
    ]),
  );

function laterFacts(maxLength: number) {
  return fc.array(fc.tuple(agoMs, fact), { maxLength });
}

const number = fc.oneof(
  fc.nat(100),
  fc.nat(3e9),
  fc.constantFrom(NaN, Infinity, -Infinity, -1, -0, Number.MAX_VALUE),
);
/** Of any kind, whatever the signal is. */
const anyValue: fc.Arbitrary<Value> = fc.oneof(
  fc.constant<Value>({ kind: 'unknown', why: 'test' }),
  fc.boolean().map((flag): Value => ({ kind: 'flag', flag })),
  number.map((measured): Value => ({ kind: 'number', number: measured })),
  fc
    .constantFrom('full', 'none', 'yes', 'no', 'serious', 'nominal', '__proto__', '')
    .map((word): Value => ({ kind: 'word', word })),
  fc.constant(engaged),
  fc.oneof(untilMs, fc.constantFrom(0, -1, NaN, 8.64e15)).map(awaySince),
);

/** Quiet, quiet but for a few signals, or dark. */
const anyReadings: fc.Arbitrary<Readings> = fc.oneof(
  fc.constant(quietReadings()),
  fc.constant(quietReadings(large())),
  fc.constant(
    quietReadings({ ...large(), 'network.connectivity': { kind: 'word', word: 'none' } }),
  ),
  fc
    .dictionary(fc.constantFrom(...Object.keys(signals)), anyValue, { maxKeys: 3 })
    .map((changes) =>
      quietReadings({ ...large(), ...(changes as Partial<Record<Signal, Value>>) }),
    ),
  fc.constant<Readings>(new Map()),
);

/** With so many bytes free where one of the updaters installs to; null: nobody knows. */
function withRoot([readings, bytes]: [Readings, number | null]): Readings {
  const free: Value =
    bytes === null ? { kind: 'unknown', why: 'test' } : { kind: 'number', number: bytes };
  return withReadings(readings, [reading('disk.free', free, ROOT)]);
}

/** Of the one group that there may be: it is shared with others or not, its place had, refused or asked for. */
const anyPlaces = fc.constantFrom<HostView['places']>(
  undefined,
  new Map([['tills', { kind: 'held' }]]),
  new Map([['tills', { kind: 'refused', max: 1, holders: [{ id: 'till-2', sinceMs: 0 }] }]]),
  new Map(),
);

const oddHost: fc.Arbitrary<HostView> = fc
  .record(
    {
      id: fc.constant('host-1'),
      attached: fc.integer({ min: 0, max: 4 }).map((n) => n > 0),
      level: fc.constantFrom('sealed', 'confined', 'loose', 'none', undefined),
      readings: fc.tuple(anyReadings, fc.option(fc.nat(3e9))).map(withRoot),
      diskPath: fc.constantFrom('/', '/', '/', '/var/lib/lull'),
      servedSinceMs: instantMs.map((ms) => NOW_MS + ms),
      places: anyPlaces,
    },
    { noNullPrototype: true },
  )
  .map(({ places, ...host }): HostView => ({
    ...{ ...host, ...(places === undefined ? {} : { places }) },
  }));

export const anyHost: fc.Arbitrary<HostView> = fc.oneof(oddHost, willingHost);
