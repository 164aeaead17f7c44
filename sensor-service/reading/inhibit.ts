// Who said "not now" from outside, with what for a reason, and until when.
//
// Invariants:
//   I1. Every inhibition ends: at its release, at its expiry, or when the service ends.
//   I2. There are INHIBITIONS_MAX at most, and a name takes one place for each reason, however often it asks.
//   I3. Names and reasons are foreign text: they are cut and cleaned before they are kept.

import type { Measurement, Instant } from './measurement.js';
import { displayText } from '../../conditions/words.js';
import { flagValue, machineWide, measurement, unknownValue } from './measurement.js';

/** A veto of more than two weeks is somebody's mistake (ours). */
export const INHIBIT_MS_MAX = 14 * 24 * 3_600_000;
export const INHIBITIONS_MAX = 64;
export const OWNER_CHARS_MAX = 64;
export const WHY_CHARS_MAX = 256;
const SHOWN_MAX = 4;
const NOBODY = 'nobody said so by `lull inhibit`';

export interface Inhibition {
  readonly id: string;
  readonly owner: string;
  readonly why: string;
  readonly sinceMs: number;
  /** On the wall clock, for showing. */
  readonly untilMs: number;
  /** On the monotonic clock, which nobody sets. */
  readonly expiresAtMs: number;
}

export type Inhibitions = readonly Inhibition[];

/** Lays one more over `before`; undefined when there are too many. Asking again extends it. */
export function withInhibition(
  before: Inhibitions,
  asked: { readonly id: string; readonly owner: string; readonly why: string; forMs: number },
  at: Instant,
): { readonly all: Inhibitions; readonly made: Inhibition } | undefined {
  const owner = displayText(asked.owner, OWNER_CHARS_MAX); // I3
  const why = displayText(asked.why, WHY_CHARS_MAX);
  const standing = unexpiredInhibitions(before, at);
  const same = standing.find((each) => each.owner === owner && each.why === why); // I2
  if (same === undefined && standing.length >= INHIBITIONS_MAX) return undefined;
  const made: Inhibition = {
    id: same?.id ?? asked.id,
    owner,
    why,
    sinceMs: same?.sinceMs ?? at.wallMs,
    untilMs: at.wallMs + asked.forMs,
    expiresAtMs: at.monotonicMs + asked.forMs,
  };
  return { all: [...standing.filter((each) => each !== same), made], made };
}

export function unexpiredInhibitions(all: Inhibitions, at: Instant): Inhibitions {
  return all.filter(({ expiresAtMs }) => at.monotonicMs < expiresAtMs); // I1
}

/** What they come to: named, so that a person knows whom to ask. */
export function inhibitedBy(all: Inhibitions): Measurement {
  const subject = machineWide('attention.inhibitor');
  // That nobody asked here is no word on who asked elsewhere.
  if (all.length === 0) return measurement(subject, 'inhibit', unknownValue(NOBODY));
  const names = all.slice(0, SHOWN_MAX).map(({ owner, why }) => `${owner} (${why})`);
  const more = all.length > SHOWN_MAX ? ` and ${String(all.length - SHOWN_MAX)} more` : '';
  return measurement(subject, `inhibit: ${names.join(', ')}${more}`, flagValue(true));
}
