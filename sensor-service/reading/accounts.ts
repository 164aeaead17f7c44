// Several sources that speak of one signal, made one reading: UPower and the kernel of the battery,
// logind and whoever asked by `Inhibit` of an inhibitor.
//
// Invariants:
//   A1. Where one sign is enough (a call, a lock), any source that sees it is believed.
//   A2. Of instants the latest counts; of everything else the first source that knows is believed, in
//       the order in which sources are asked.
//   A3. Unknown comes out only where no source knows.

import type { Reading, Signal } from '../../conditions/reading.js';

const oneSignIsEnough: ReadonlySet<Signal> = new Set([
  'attention.fullscreen',
  'attention.inhibitor',
  'attention.game',
  'attention.call',
  'attention.sharing',
  'attention.playing',
  'session.remote',
  'app.running',
  'lock.held',
  'power.saver',
] satisfies Signal[]);

const latestCounts: ReadonlySet<Signal> = new Set([
  'setup.at',
  'boot.at',
  'resume.at',
  'login.at',
] satisfies Signal[]);

/** @param accounts at least one, all of one signal and instance, best source first. */
export function foldAccounts(accounts: readonly [Reading, ...Reading[]]): Reading {
  const [first] = accounts;
  const known = accounts.filter(({ value }) => value.kind !== 'unknown');
  if (known.length === 0) return accounts.length === 1 ? first : allUnknown(accounts); // A3
  if (oneSignIsEnough.has(first.signal)) {
    const sign = known.find(({ value }) => value.kind === 'flag' && value.flag);
    if (sign !== undefined) return sign; // A1
  }
  if (latestCounts.has(first.signal)) {
    return known.reduce((a, b) => (instantOf(b) > instantOf(a) ? b : a), known[0] ?? first); // A2
  }
  return known[0] ?? first; // A2
}

function allUnknown(accounts: readonly [Reading, ...Reading[]]): Reading {
  const whys = accounts.flatMap(({ value }) => (value.kind === 'unknown' ? [value.why] : []));
  return {
    ...accounts[0],
    source: accounts.map(({ source }) => source).join(', '),
    value: { kind: 'unknown', why: [...new Set(whys)].join('; ') },
  };
}

function instantOf({ value }: Reading): number {
  return value.kind === 'number' ? value.number : -Infinity;
}
