// What the canary tries, and what it means when it succeeds. docs/trust.md has the same table, held
// equal to this one by a test.
//
// Invariant: T1. What could not be found out counts as allowed.

import type { Level, Trial, TrialResult } from '../../conditions/confinement.js';

/**
 * `boundary`: without it an updater reaches what is not its own, so there is no confinement.
 *   So is the freezer: without it a person who comes back has no machine of theirs, and nothing runs.
 * `limit`: without it, it can take more of the machine than it may.
 * `seal`: a second wall, which not every machine can have.
 */
type Holds = 'boundary' | 'limit' | 'seal';

export const trials = {
  shadow: { holds: 'boundary', tries: 'to read /etc/shadow' },
  environment: { holds: 'boundary', tries: "to find a variable of the host's in /proc" },
  network: {
    holds: 'boundary',
    tries: "to see an interface, or to connect to the host's loopback",
  },
  sockets: { holds: 'boundary', tries: "to reach the host's sockets by path and by abstract name" },
  namespace: { holds: 'boundary', tries: 'to make a user namespace, or to mount' },
  outside: { holds: 'boundary', tries: 'to write outside of its own directories' },
  strangers: { holds: 'boundary', tries: 'to see a process that is not its own' },
  descriptors: { holds: 'boundary', tries: 'to find an open file of the host' },
  privileges: { holds: 'boundary', tries: 'to have, or to gain, a capability; to run unfiltered' },
  freeze: { holds: 'boundary', tries: 'to go on while it is frozen' },
  throttle: { holds: 'limit', tries: 'to go on at full speed while it is slowed down' },
  memory: { holds: 'limit', tries: 'to take more memory than it may' },
  processes: { holds: 'limit', tries: 'to start more processes than it may' },
  files: { holds: 'limit', tries: 'to open more files than it may' },
  tmp: { holds: 'limit', tries: 'to fill /tmp, or where its socket is, beyond their size' },
  disk: { holds: 'seal', tries: 'to write more to its directory than it may' },
  users: { holds: 'seal', tries: "to be in the machine's own user namespace" },
} as const satisfies Readonly<Record<string, { holds: Holds; tries: string }>>;

export type TrialName = keyof typeof trials;

export type TrialResults = ReadonlyMap<TrialName, TrialResult>;

/** Every trial in the table's order, with what is known of it. */
export function listTrials(results: TrialResults): Trial[] {
  return trialNames().map((name) => ({ name, result: results.get(name) ?? 'unknown' }));
}

export function levelOf(results: TrialResults): Level {
  const fails = (holds: Holds): boolean =>
    trialNames().some((name) => trials[name].holds === holds && results.get(name) !== 'denied'); // T1
  if (fails('boundary')) return 'none';
  if (fails('limit')) return 'loose';
  return fails('seal') ? 'confined' : 'sealed';
}

export function trialNames(): TrialName[] {
  return Object.keys(trials) as TrialName[];
}
