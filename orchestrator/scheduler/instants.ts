// When to look again: the next instant at which the plan changes although nothing happens.
//
// Invariant: N1. Until then `decide` says the same, as long as the world, the readings and the policy
// stay as they are. Forecasts rest on it: they look at these instants alone.

import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import { DEMAND_MS_MAX, type World } from '../world/world.js';
import { askedForAtMs } from './apps.js';
import { nextQuietHour } from './fit.js';
import { givesWayAtMs } from './give-way.js';
import { nextTurnsOfHours } from './hours.js';
import type { Subject } from './subject.js';
import { deadlineOf, scanDeadlineOf, type Deadline } from './urgency.js';

/** The first instant after `nowMs` at which the plan changes by itself, if there is one. */
export function nextInstant(
  waiting: readonly { readonly subject: Subject }[],
  reasons: readonly Reason[],
  world: World,
  policy: Policy,
  nowMs: number,
): number | undefined {
  let next = Number.POSITIVE_INFINITY;
  const note = (atMs: number | undefined): void => {
    if (atMs !== undefined && atMs > nowMs && atMs < next) next = atMs;
  };
  for (const { untilMs } of reasons) note(untilMs);
  const noteTurns = ({ dueAtMs, overdueAtMs }: Deadline): void => {
    note(dueAtMs);
    note(overdueAtMs);
  };
  for (const { subject } of waiting) note(nextQuietHour(subject, policy, nowMs));
  for (const updater of world.updaters.values()) {
    noteTurns(scanDeadlineOf(updater, policy));
    note(updater.accepted?.untilMs);
  }
  for (const state of world.updates.values()) {
    noteTurns(deadlineOf(state, policy));
    if (state.update.closedApps.length > 0) note(askedForAtMs(state, policy));
  }
  for (const run of world.runs.values()) note(givesWayAtMs(run, policy));
  for (const sinceMs of world.demands.values()) note(sinceMs + DEMAND_MS_MAX);
  note(world.lastRunEndedAtMs + policy.ownLoadMs);
  for (const atMs of nextTurnsOfHours(world, policy, nowMs)) note(atMs);
  return next === Number.POSITIVE_INFINITY ? undefined : next;
}
