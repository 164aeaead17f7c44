// What providers say of a person, folded to one presence.
//
// A provider (a report from outside, logind, input devices, terminals) hands over one PresenceSignal;
// whenever one changes, all are folded again.
//
// Invariants:
//   P1. What was said outranks what was sensed.
//   P2. One sign of a person is enough for `engaged`.
//   P3. Not knowing is never counted as "nobody there": for `away`, each place at which a person can
//       be needs a provider that knows of it.
//   P4. Of whom somebody knows, and nobody what they do, is not away: who knows of nobody at that place
//       has not seen them.
//   P5. The absence began with the last sign of a person, whoever saw it.

import type { Presence, Value } from '../../conditions/reading.js';
import { unknownValue } from './measurement.js';

export type Verdict =
  | Presence
  | {
      readonly kind: 'unknown';
      readonly why: string;
      /** Somebody is logged in whom no other provider knows of. */
      readonly unjudged?: true;
    };

/** Where a person can be: at the machine's own screen and keyboard, or at a terminal or remote. */
export type Place = 'seat' | 'terminals';

export interface PresenceSignal {
  /** The source shown with the reading: "reported", a D-Bus name. */
  readonly provider: string;
  readonly rank: 'said' | 'sensed';
  /** What it would have seen somebody at. */
  readonly places: readonly Place[];
  readonly verdict: Verdict;
  /** Its instants lie on the clock as it runs now, whatever happened to the clock since. */
  readonly onClockNow?: true;
}

interface FoldedPresence {
  readonly value: Value;
  readonly source: string;
}

const OR_REPORT = 'or report it with `lull presence engaged|away`';
export const NO_PRESENCE_SENSOR = `no presence sensor has answered yet; ${OR_REPORT}`;

/** @param needed the places that this machine has: a server in a rack has no seat. */
export function foldPresence(
  signals: readonly PresenceSignal[],
  needed: readonly Place[] = ['seat', 'terminals'],
): FoldedPresence {
  const said = signals.filter(({ rank }) => rank === 'said'); // P1
  const counted = said.length > 0 ? said : signals;

  const engaged = counted.find(({ verdict }) => verdict.kind === 'engaged'); // P2
  if (engaged !== undefined) return folded(engaged);
  const unjudged = counted.filter(({ verdict }) => verdict.kind === 'unknown' && verdict.unjudged);
  if (unjudged.length > 0) return notKnown(unjudged); // P4
  const away = counted.filter(({ verdict }) => verdict.kind === 'away');
  for (const place of needed) {
    if (away.some(({ places }) => places.includes(place))) continue;
    return notKnown(counted.filter(({ places }) => places.includes(place))); // P3
  }

  let last: PresenceSignal | undefined;
  for (const signal of away) {
    if (last === undefined || sinceOf(signal) > sinceOf(last)) last = signal; // P5
  }
  if (last?.verdict.kind !== 'away') return notKnown([]);
  const says = (what: 'locked' | 'dark'): boolean =>
    away.some(({ verdict }) => verdict.kind === 'away' && verdict[what] === true);
  const { kind, sinceMs } = last.verdict;
  const dark = says('dark') ? ({ dark: true } as const) : {};
  const screen = says('locked') ? ({ locked: true } as const) : dark;
  return folded({ ...last, verdict: { kind, sinceMs, ...screen } });
}

/** Why nobody knows of a place, in the words of those who should. */
function notKnown(blind: readonly PresenceSignal[]): FoldedPresence {
  const whys = blind.flatMap(({ verdict }) => (verdict.kind === 'unknown' ? [verdict.why] : []));
  if (whys.length === 0) return { value: unknownValue(NO_PRESENCE_SENSOR), source: 'no provider' };
  return {
    value: unknownValue(`${whys.join('; ')}; ${OR_REPORT}`),
    source: blind.map(({ provider }) => provider).join(', '),
  };
}

function folded({ provider, verdict }: PresenceSignal): FoldedPresence {
  const value: Value =
    verdict.kind === 'unknown' ? verdict : { kind: 'presence', presence: verdict };
  return { value, source: provider };
}

function sinceOf({ verdict }: PresenceSignal): number {
  return verdict.kind === 'away' ? verdict.sinceMs : -Infinity;
}
