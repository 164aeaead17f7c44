// forecast: decide with a later `now`. What would run, and when, if nobody were at the machine from
// now on and everything else stayed as it is.
//
// Invariant: F1. A forecast never differs from what is decided when its assumption holds: it calls
// the same function and changes nothing but the instant and the presence.

import { readingKey, valueOf, withReadings, type Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { World } from '../world/world.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import type { Subject } from './subject.js';

export interface Chance {
  readonly subject: Subject;
  /** When nothing but a slot stands in its way; absent: not within the time looked at. */
  readonly atMs?: number;
  /** What stands in its way then, or at the end. */
  readonly reasons: readonly Reason[];
}

/** Instants looked at; each is one at which the plan changes by itself. */
const STEPS_MAX = 2_000;

/**
 * The chances between two instants. It yields between its steps, each of which is one `decide`: who
 * must not block for all of them at once goes on when there is time.
 */
export function* forecast(
  world: World,
  host: HostView,
  policy: Policy,
  span: { readonly fromMs: number; readonly toMs: number },
): Generator<undefined, Chance[], undefined> {
  const alone = { ...host, readings: withNobodyThere(host.readings, span.fromMs) };
  const chances = new Map<string, Chance>();
  let atMs = span.fromMs;
  for (let step = 0; step < STEPS_MAX && atMs <= span.toMs; step += 1) {
    const plan = decide(world, alone, policy, atMs);
    for (const { subject } of plan.admit) {
      note(chances, { subject, atMs, reasons: [] });
    }
    for (const { subject, reasons } of plan.waiting) {
      const slotOnly = reasons.every(({ code }) => code === 'SLOT_TAKEN' || code === 'CONFLICT');
      note(chances, slotOnly ? { subject, atMs, reasons } : { subject, reasons });
    }
    if (plan.lookAgainAtMs === undefined) break;
    atMs = plan.lookAgainAtMs;
    yield;
  }
  return [...chances.values()];
}

/** The first chance stays; until there is one, the latest reasons. */
function note(chances: Map<string, Chance>, chance: Chance): void {
  if (chances.get(chance.subject.key)?.atMs === undefined) chances.set(chance.subject.key, chance);
}

function withNobodyThere(readings: Readings, nowMs: number): Readings {
  const value = valueOf(readings, 'presence');
  if (value.kind === 'presence' && value.presence.kind === 'away') return readings;
  const before = readings.get(readingKey('presence'));
  return withReadings(readings, [
    {
      signal: 'presence',
      instance: '',
      observedAtMs: nowMs,
      observedMonotonicNs: before?.observedMonotonicNs ?? 0n,
      source: 'assumed',
      value: { kind: 'presence', presence: { kind: 'away', sinceMs: nowMs } },
    },
  ]);
}
