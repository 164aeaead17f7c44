// Waiting for what has to hold of every machine.

import { pause } from '../../runtime/deadline.js';
import type { FleetHost } from '../../test/fleet/fleet-host.nats.js';

export const WAIT_MS_MAX = 600_000;
const LOOK_MS = 50;

export async function all(
  hosts: readonly FleetHost[],
  holds: (host: FleetHost, at: number) => boolean,
): Promise<void> {
  const giveUpAtMs = performance.now() + WAIT_MS_MAX;
  while (!hosts.every(holds)) {
    if (performance.now() > giveUpAtMs) {
      const rest = hosts.filter((host, at) => !holds(host, at)).length;
      throw new Error(`${String(rest)} machines are waited for in vain`);
    }
    await pause(LOOK_MS);
  }
}

/** @returns how long it took. */
export async function seconds(act: () => Promise<void>): Promise<number> {
  const startMs = performance.now();
  await act();
  return (performance.now() - startMs) / 1_000;
}
