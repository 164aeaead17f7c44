// Whatever went wrong: every machine has installed its update once, and the journals say the same.

import { expect } from '@jest/globals';
import type { Fact } from '../../orchestrator/journal/fact.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { entriesOf, hostsOf, isWhole } from './ask.grpc.js';
import { timesDone, type FleetHost } from './fleet-host.nats.js';
import type { FleetStage } from './fleet-stage.js';

/**
 * Every machine has its update, once, and the journals say so.
 * @param besides how many machines there are that are not looked at.
 */
export async function everythingOnce(
  stage: FleetStage,
  hosts: readonly FleetHost[],
  by: RunningLull,
  besides = 0,
): Promise<void> {
  await stage.until('every update is installed', () =>
    hosts.every((host) => timesDone(host)['install update'] !== undefined),
  );
  await stage.until('everybody is attached', async () => {
    const told = await hostsOf(by);
    return told.length === hosts.length + besides && told.every(({ attached }) => attached);
  });
  for (const { hostId } of hosts) {
    await stage.until(
      `the journal has both runs of ${hostId}`,
      async () => (await endedRuns(by, hostId)).length > 1,
    );
    const ended = await endedRuns(by, hostId);
    expect(new Set(ended).size).toBe(ended.length);
    expect(await isWhole(by, hostId)).toBe(true);
  }
  for (const host of hosts) {
    // A scan that went on over a new connection is done again; an install never is.
    expect(timesDone(host)['install update']).toBe(1);
  }
}

/** Accepts an updater, and does it when every machine scans, however late the last one begins. */
export async function inMidScan(
  stage: FleetStage,
  hosts: readonly FleetHost[],
  by: RunningLull,
  act: () => Promise<void> | void,
): Promise<void> {
  for (const host of hosts) host.holdRuns();
  await stage.accept(by);
  await stage.until('every machine scans', () => hosts.every(({ running }) => running === 1));
  await act();
  for (const host of hosts) host.letRunsEnd();
}

/** The runs whose end a machine's journal has, one by one. What was handed over is not over. */
async function endedRuns(by: RunningLull, hostId: string): Promise<string[]> {
  return (await entriesOf(by, hostId))
    .map(({ bodyJson }) => JSON.parse(bodyJson) as Fact)
    .filter(({ machine }) => machine === hostId)
    .flatMap((fact) =>
      fact.kind === 'run.finished' && fact.outcome.kind !== 'cancelled' ? [fact.runId] : [],
    );
}
