// What a forecast assumes of a machine besides that nobody uses it (unused.ts).

import { withReadings } from '../../conditions/reading.js';
import type { Place } from '../groups/group-lock.js';
import type { Policy } from '../policy/policy.js';
import { groupsOf } from './groups.js';
import type { HostView } from './host-view.js';

/** A place that nobody is known to have is there when it is asked for, which happens when it is needed. */
export function placesAskedFor({ id, places }: HostView, policy: Policy): Pick<HostView, 'places'> {
  if (places === undefined) return {};
  const free = groupsOf(id, policy).map(({ name }) => [name, { kind: 'held' }] as const);
  return { places: new Map<string, Place>([...free, ...places]) };
}

/** The machine, started at `bootMs`. */
export function startedAt(machine: HostView, bootMs: number): HostView {
  const seen = { observedAtMs: bootMs, observedMonotonicNs: 0n, source: 'assumed' };
  const value = { kind: 'number', number: bootMs } as const;
  const reading = { signal: 'boot.at', instance: '', ...seen, value } as const;
  return {
    ...machine,
    readings: withReadings(machine.readings, [reading]),
    servedSinceMs: bootMs,
  };
}
