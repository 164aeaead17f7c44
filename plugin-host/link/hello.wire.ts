// What a plugin-host says of itself, as it goes over the link.

import type { Confinement as WireConfinement, Hello } from '../../proto/gen/lull/link/v1/link.js';
import type { Confinement } from '../../conditions/confinement.js';

/** @param confinement undefined while the self-test is still on. */
export function helloToWire(
  {
    hostId,
    instanceId,
    bootId,
    runIds,
    diskPath,
  }: Pick<Hello, 'hostId' | 'instanceId' | 'bootId' | 'runIds' | 'diskPath'>,
  confinement: Confinement | undefined,
): Hello {
  const confined = confinement === undefined ? undefined : confinementToWire(confinement);
  return { hostId, instanceId, bootId, runIds, diskPath, confinement: '', confined };
}

export function confinementToWire({ trials, limits = [], ...rest }: Confinement): WireConfinement {
  return { ...rest, trials: [...trials], limits: [...limits] };
}
