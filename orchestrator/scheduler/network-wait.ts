// Waits that the network ends, or makes.
//
//   a server did not answer, and the network is known to have come back since   nothing is waited for
//   … and nobody knows whether the network leads anywhere                      20 min at the most, and 5 h after a dozen times
//   … and the network is known to work                                         the wait that doubles; a day after a dozen
//   the machine woke up                                                        full connectivity, then 60 s
//
// Invariant: W1. What an upstream asked for itself, and the floor between scans, stand where it may have
// been reached.

import { readingKey, valueOf, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { isLongDown } from '../world/trials.js';
import type { Trials } from '../world/world.js';
import { weightOf } from './requirements.js';
import { usesNetwork, type Subject } from './subject.js';

/** Not before this instant, ms since the epoch, by what the network did since. */
export function notBeforeMs(
  trials: Trials,
  floorMs: number,
  readings: Readings,
  { retry }: Policy,
): number {
  const { failedAtMs, lastFailure, askedUntilMs = 0 } = trials;
  if (failedAtMs === undefined || lastFailure?.code !== 'UPSTREAM_DOWN') return trials.notBeforeMs;
  const fullSinceMs = connectedSinceMs(readings);
  if (fullSinceMs !== undefined && fullSinceMs > failedAtMs) {
    return Math.min(trials.notBeforeMs, Math.max(failedAtMs + retry.firstMs, askedUntilMs));
  }
  if (valueOf(readings, 'network.connectivity').kind === 'word') return trials.notBeforeMs;
  const mostMs = isLongDown(trials, retry) ? retry.maxMs : retry.networkDownMs;
  const waitMs = Math.max(mostMs, floorMs);
  return Math.min(trials.notBeforeMs, Math.max(failedAtMs + waitMs, askedUntilMs)); // W1
}

/** After the machine woke up its network takes a while: what needs it waits from when it was there. */
export function resumeObjections(
  subject: Subject,
  readings: Readings,
  { waiting }: Policy,
  nowMs: number,
): Reason[] {
  const { action, level } = subject;
  if (level === 'forced' || weightOf(action) === 'change' || !usesNetwork(subject)) return [];
  const woke = valueOf(readings, 'resume.at');
  const fullSinceMs = connectedSinceMs(readings);
  if (woke.kind !== 'number' || fullSinceMs === undefined || !(fullSinceMs > woke.number))
    return [];
  const waitedMs = nowMs - fullSinceMs;
  // A clock that was set back keeps nothing waiting.
  if (waitedMs < 0 || waitedMs >= waiting.resumeMs) return [];
  const message = `the network came back ${formatDuration(waitedMs)} ago, after the machine woke up; ${formatDuration(waiting.resumeMs)} are waited`;
  const waited = { measured: waitedMs, limit: waiting.resumeMs, unit: 'ms' } as const;
  const untilMs = fullSinceMs + waiting.resumeMs;
  const about = 'network.connectivity';
  return [{ code: 'STARTING_UP', message, about, ...waited, sinceMs: fullSinceMs, untilMs }];
}

/** Since when the network is known to lead everywhere; a reading is told again only when it changes. */
function connectedSinceMs(readings: Readings): number | undefined {
  const reading = readings.get(readingKey('network.connectivity'));
  const isFull = reading?.value.kind === 'word' && reading.value.word === 'full';
  return isFull ? reading.observedAtMs : undefined;
}
