// A machine on which most of what is offered may run, and much of it could at once: what the properties of
// `decide` say of what is permitted, and of what must not run beside what, is asked of machines on which
// that happens. Of worlds and machines made of anything, one in forty begins something.

import fc from 'fast-check';
import { withReadings, type Readings, type Signal, type Value } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import type { Update } from '../runs/update.js';
import {
  admitted,
  enabled,
  finished,
  found,
  NOW_MS,
  paused,
  perform,
  quietReadings,
  reading,
  started,
  trustingPolicy,
  updateOf,
} from '../world/history.testing.js';
import type { HostView } from './host-view.js';

const HOUR_MS = 3_600_000;

const update: fc.Arbitrary<Update> = fc
  .record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    nextAction: fc.constantFrom('download', 'download', 'install', 'install', 'verify'),
    security: fc.boolean(),
    exclusive: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    conflictKeys: fc.constantFrom<string[]>([], [], [], ['k'], ['l'], ['k', 'l']),
    downloadBytes: fc.nat(1e6),
  })
  .map(({ id, ...changes }) => updateOf(id, changes));

/** Where one of the updaters installs to; a file system of its own. */
export const ROOT = '/opt/other';

/** What an updater is at with the first of what it found. */
const state = fc.constantFrom(...Array<'nothing'>(4).fill('nothing'), 'running', 'paused');
const offer = fc.record({
  updates: fc.uniqueArray(update, { selector: ({ id }) => id, minLength: 1, maxLength: 2 }),
  state,
});

/** Updaters that were accepted, have looked, and found something each; some are at it. */
export function willingFacts(updaters: readonly string[]): fc.Arbitrary<readonly Fact[]> {
  return fc.tuple(...updaters.map(() => offer)).map((all) =>
    all.flatMap(({ updates, state: isAt }, i): Fact[] => {
      const [updaterId = '', scan, run] = [updaters[i], `s${String(i)}`, `w${String(i)}`];
      const [first] = updates;
      return [
        enabled(updaterId),
        admitted(scan, { kind: 'scan' }, { updaterId }),
        found(updates, updaterId),
        finished(scan, { kind: 'succeeded' }),
        ...(first === undefined || isAt === 'nothing'
          ? []
          : [admitted(run, perform(first), { updaterId }), started(run)]),
        ...(isAt === 'paused' ? [paused(run, 'PERSON_PRESENT')] : []),
      ];
    }),
  );
}

/** Cores and a disk that bear several runs at once. */
export function large(): Partial<Record<Signal, Value>> {
  return {
    'cpu.cores': { kind: 'number', number: 8 },
    'disk.rotating': { kind: 'flag', flag: false },
  };
}

/** There, confined, quiet, and left alone for long. */
export const willingHost: fc.Arbitrary<HostView> = fc
  .constantFrom(quietReadings(large()), quietReadings(large()), quietReadings())
  .map((readings): Readings =>
    withReadings(readings, [reading('disk.free', { kind: 'number', number: 1e12 }, ROOT)]),
  )
  .map((readings): HostView => ({
    ...{ id: 'host-1', attached: true, level: 'confined', readings, diskPath: '/' },
    servedSinceMs: NOW_MS - HOUR_MS,
  }));

/** As by default, but for how much runs at once. */
export const willingPolicy: fc.Arbitrary<Policy> = fc
  .record({
    change: fc.integer({ min: 1, max: 2 }),
    fetch: fc.integer({ min: 1, max: 2 }),
    small: fc.integer({ min: 1, max: 3 }),
  })
  .map((slots): Policy => ({ ...trustingPolicy, slots }));
