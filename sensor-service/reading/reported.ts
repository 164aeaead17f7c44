import type { Presence } from '../../conditions/reading.js';
import type { Instant } from './measurement.js';
import type { PresenceSignal } from './presence.js';

/** `auto` forgets what was reported. */
export type PresenceReport = 'engaged' | 'away' | 'auto';

/** What somebody outside said last. */
export interface Reported {
  readonly presence: Presence;
  /** On the monotonic clock; undefined: until it is said otherwise. */
  readonly expiresAtMs: number | undefined;
}

/** A longer time to live is refused: timers cannot hold it, and nobody means it. */
export const REPORT_TTL_MS_MAX = 7 * 24 * 3_600_000;

/** What holds after `report`. Saying `away` again keeps the instant at which it began. */
export function afterReport(
  before: Reported | undefined,
  report: PresenceReport,
  ttlMs: number | undefined,
  at: Instant,
): Reported | undefined {
  const expiresAtMs = ttlMs === undefined ? undefined : at.monotonicMs + ttlMs;
  switch (report) {
    case 'auto':
      return undefined;
    case 'engaged':
      return { presence: { kind: 'engaged' }, expiresAtMs };
    case 'away': {
      const standing = unexpired(before, at);
      return standing?.presence.kind === 'away'
        ? { presence: standing.presence, expiresAtMs }
        : { presence: { kind: 'away', sinceMs: at.wallMs }, expiresAtMs };
    }
  }
}

/** The report, unless its time is over. */
export function unexpired(reported: Reported | undefined, at: Instant): Reported | undefined {
  if (reported?.expiresAtMs !== undefined && at.monotonicMs >= reported.expiresAtMs) {
    return undefined;
  }
  return reported;
}

/** The report after a sleep: its time went on meanwhile, and the clock by which it ends did not. */
export function sooner(reported: Reported | undefined, sleptMs: number): Reported | undefined {
  if (reported?.expiresAtMs === undefined) return reported;
  return { ...reported, expiresAtMs: reported.expiresAtMs - sleptMs };
}

/** The report as one provider's signal; none when nothing was reported. */
export function reportedSignals(reported: Reported | undefined): PresenceSignal[] {
  if (reported === undefined) return [];
  return [
    {
      provider: 'reported',
      rank: 'said',
      places: ['seat', 'terminals'],
      verdict: reported.presence,
    },
  ];
}
