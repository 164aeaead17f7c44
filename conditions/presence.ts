import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type Presence, type Readings } from './reading.js';
import { witness } from './witness.js';
import { formatDuration } from './words.js';

/** How long somebody has to be away, ms; what is absent is `forMs`. */
export interface WantedAbsence {
  readonly forMs: number;
  /** Where the screen is locked. */
  readonly lockedForMs?: number;
  /** Where it is dark and not locked. */
  readonly darkForMs?: number;
}

/**
 * Open when nobody has used the machine for as long as is wanted.
 * Presence unknown counts as present.
 */
export function judgePersonAway(
  wanted: WantedAbsence,
  readings: Readings,
  nowMs: number,
): GateResult {
  const value = valueOf(readings, 'presence');
  if (value.kind !== 'presence' || isNoInstant(value.presence)) {
    const why =
      value.kind === 'unknown' ? value.why : `presence is a ${value.kind} without meaning`;
    return unknown({
      code: 'PRESENCE_UNKNOWN',
      message: `whether a person is there is not known (${why}); that counts as present`,
      limit: 'away',
      ...witness(readings, 'presence'),
    });
  }
  if (value.presence.kind === 'engaged') {
    const absence =
      wanted.forMs === 0 ? '' : `; ${formatDuration(wanted.forMs)} of absence are wanted`;
    return closed({
      code: 'PERSON_PRESENT',
      message: `a person is using the machine${absence}`,
      ...{ measured: 'engaged', limit: 'away' },
      ...witness(readings, 'presence'),
    });
  }
  const neededMs = neededFor(value.presence, wanted);
  // A clock that was set back must not make an absence look longer than it was.
  const awayMs = Math.max(0, nowMs - value.presence.sinceMs);
  if (awayMs >= neededMs) return open;
  return closed({
    code: 'PERSON_JUST_LEFT',
    message: `the person has been away for ${formatDuration(awayMs)} of ${formatDuration(neededMs)}`,
    ...{ about: 'presence', measured: awayMs, limit: neededMs, unit: 'ms' },
    sinceMs: value.presence.sinceMs,
    untilMs: value.presence.sinceMs + neededMs,
  });
}

function neededFor(
  { locked, dark }: Extract<Presence, { kind: 'away' }>,
  { forMs, lockedForMs = forMs, darkForMs = forMs }: WantedAbsence,
): number {
  if (locked === true) return Math.min(forMs, lockedForMs);
  return dark === true ? Math.min(forMs, darkForMs) : forMs;
}

/** Away, but since an instant that there is not. */
function isNoInstant(presence: Presence): boolean {
  return presence.kind === 'away' && !Number.isFinite(presence.sinceMs);
}
