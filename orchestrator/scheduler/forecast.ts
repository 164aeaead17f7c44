// forecast: decide with a later `now`. What would run, and when, if nobody used the machine from now on
// and everything else stayed as it is.
//
// Invariant: F1. A forecast never differs from what is decided when its assumption holds: it calls
// the same function, and changes nothing but the instant and the signs of use.

import {
  AT_REST,
  attentionSignals,
  percentSignals,
  readingKey,
  valueOf,
  withReadings,
  type Reading,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
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
  const alone = { ...host, readings: unused(host.readings, span.fromMs) };
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

/** Signals of what people and their programs do with a machine: they end when nobody uses it. */
const ofUse: ReadonlySet<Signal> = new Set<Signal>([
  ...percentSignals.filter((signal) => signal !== 'memory.used'),
  'network.others',
  ...attentionSignals,
]);

/** The same machine, with nobody who uses it. What is not known stays so, but for presence. */
function unused(readings: Readings, nowMs: number): Readings {
  const changes = [...readings.values()].map((reading) => ({ ...reading, value: calm(reading) }));
  return withReadings(readings, [...changes, ...leaving(readings, nowMs)]);
}

function calm({ signal, value }: Reading): Value {
  // Only while nothing waits is it not measured: by then it will be, and as it mostly is.
  if (value.kind === 'unknown' && value.why === AT_REST) {
    return { kind: 'number', number: signal === 'disk.free' ? Number.MAX_SAFE_INTEGER : 0 };
  }
  if (!ofUse.has(signal)) return value;
  if (value.kind === 'number') return { kind: 'number', number: 0 };
  return value.kind === 'flag' ? { kind: 'flag', flag: false } : value;
}

/** Whoever is there leaves now. */
function leaving(readings: Readings, nowMs: number): Reading[] {
  const value = valueOf(readings, 'presence');
  if (value.kind === 'presence' && value.presence.kind === 'away') return [];
  const before = readings.get(readingKey('presence'));
  return [
    {
      signal: 'presence',
      instance: '',
      observedAtMs: nowMs,
      observedMonotonicNs: before?.observedMonotonicNs ?? 0n,
      source: 'assumed',
      value: { kind: 'presence', presence: { kind: 'away', sinceMs: nowMs } },
    },
  ];
}
