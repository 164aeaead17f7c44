// What a plugin-host says of itself, as it goes over the link.

import type { Confinement as WireConfinement, Hello } from '../../proto/gen/lull/link/v1/link.js';
import type { Confinement } from '../../conditions/confinement.js';

/** A run that is held, and the epoch that it was granted for. */
export interface Held {
  readonly runId: string;
  readonly epoch: number;
}

/** @param confinement undefined while the self-test is still on. */
export function helloToWire(
  {
    hostId,
    instanceId,
    bootId,
    diskPath,
  }: Pick<Hello, 'hostId' | 'instanceId' | 'bootId' | 'diskPath'>,
  held: readonly Held[],
  confinement: Confinement | undefined,
): Hello {
  const newest = new Map<string, number>();
  for (const { runId, epoch } of held) {
    newest.set(runId, Math.max(epoch, newest.get(runId) ?? epoch));
  }
  const confined = confinement === undefined ? undefined : confinementToWire(confinement);
  const runIds = [...newest.keys()];
  const runs = [...newest].map(([runId, epoch]) => ({ runId, epoch: BigInt(epoch) }));
  return { hostId, instanceId, bootId, runIds, held: runs, diskPath, confinement: '', confined };
}

export function confinementToWire({ trials, limits = [], ...rest }: Confinement): WireConfinement {
  return { ...rest, trials: [...trials], limits: [...limits] };
}
