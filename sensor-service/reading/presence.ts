// What providers say of a person, folded to one presence.
//
// A provider (a report from outside, and the machine's own signals as they come) hands over one
// PresenceSignal; whenever one changes, all are folded again.
//
// Invariants:
//   P1. What was said outranks what was sensed.
//   P2. One sign of a person is enough for `engaged`.
//   P3. A provider that failed is never counted as "nobody there": `away` needs all of them.
//   P4. The absence began with the last sign of a person, whoever saw it.

import type { Presence, Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

export type Verdict = Presence | { readonly kind: 'unknown'; readonly why: string };

export interface PresenceSignal {
  /** The source shown with the reading: "reported", a D-Bus name. */
  readonly provider: string;
  readonly rank: 'said' | 'sensed';
  readonly verdict: Verdict;
}

interface FoldedPresence {
  readonly value: Value;
  readonly source: string;
}

export const NO_PRESENCE_SENSOR =
  'no presence sensor yet; report it with `lull presence engaged|away`';

export function foldPresence(signals: readonly PresenceSignal[]): FoldedPresence {
  const said = signals.filter(({ rank }) => rank === 'said'); // P1
  const counted = said.length > 0 ? said : signals;

  const engaged = counted.find(({ verdict }) => verdict.kind === 'engaged'); // P2
  if (engaged !== undefined) return folded(engaged);
  const failed = counted.find(({ verdict }) => verdict.kind === 'unknown'); // P3
  if (failed !== undefined) return folded(failed);

  let last: PresenceSignal | undefined;
  for (const signal of counted) {
    if (last === undefined || sinceOf(signal) > sinceOf(last)) last = signal; // P4
  }
  return last === undefined
    ? { value: unknownValue(NO_PRESENCE_SENSOR), source: 'no provider' }
    : folded(last);
}

function folded({ provider, verdict }: PresenceSignal): FoldedPresence {
  const value: Value =
    verdict.kind === 'unknown' ? verdict : { kind: 'presence', presence: verdict };
  return { value, source: provider };
}

function sinceOf({ verdict }: PresenceSignal): number {
  return verdict.kind === 'away' ? verdict.sinceMs : -Infinity;
}
