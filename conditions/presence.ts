import { closed, open, unknown, type GateResult } from './gate.js';
import { valueOf, type Presence, type Readings } from './reading.js';
import { witness } from './witness.js';
import { formatDuration } from './words.js';

/**
 * Open when nobody has used the machine for `forMs`, or for `lockedForMs` where the screen is locked.
 * Presence unknown counts as present.
 */
export function judgePersonAway(
  wanted: { readonly forMs: number; readonly lockedForMs?: number },
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
  const { locked } = value.presence;
  const { forMs, lockedForMs = forMs } = wanted;
  const neededMs = locked === true ? Math.min(forMs, lockedForMs) : forMs;
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

/** Away, but since an instant that there is not. */
function isNoInstant(presence: Presence): boolean {
  return presence.kind === 'away' && !Number.isFinite(presence.sinceMs);
}
