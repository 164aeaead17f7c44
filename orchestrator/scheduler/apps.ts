// Programs that have to be closed before something is changed. They are waited for; after `waiting.app`
// they are asked for, where the level allows a person to feel it. Nobody closes them by force.
//
//   open ─▶ APP_IN_USE ─14 d, and noticeable─▶ NEEDS_OPERATOR ─closed, or run-now─▶ installed
//                                                  └─restarts: allow─▶ installed beside it

import { objections } from '../../conditions/requirement.js';
import type { Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { atLeast } from '../runs/intrusion.js';
import type { UpdateState } from '../world/world.js';
import { weightOf } from './requirements.js';
import type { Subject } from './subject.js';

/** Why an open program keeps `subject` waiting; empty: it does not. */
export function appObjections(
  { action, work, level, state }: Subject,
  readings: Readings,
  policy: Policy,
  nowMs: number,
): Reason[] {
  if (work.kind === 'scan' || state === undefined || weightOf(action) !== 'change') return [];
  if (level === 'forced') return [];
  const { id, closedApps } = work.update;
  const inUse = objections(
    closedApps.map((path) => ({ kind: 'app-closed', path })),
    readings,
    nowMs,
  );
  const untilMs = askedForAtMs(state, policy);
  if (inUse.length === 0 || nowMs < untilMs || !atLeast(level, 'noticeable')) return inUse;
  if (policy.restarts === 'allow') return [];
  const message = `it has waited ${formatDuration(policy.waiting.appMs)} for a program to be closed: close it, or "lull run-now ${id}"`;
  return [...inUse, { code: 'NEEDS_OPERATOR', message, sinceMs: untilMs }];
}

/**
 * From when on it is asked for. Counted as deadlines are, from when it was first seen: a program with a
 * new version every week would never be asked for otherwise.
 */
export function askedForAtMs(state: UpdateState, { waiting }: Policy): number {
  return state.firstSeenAtMs + waiting.appMs;
}
