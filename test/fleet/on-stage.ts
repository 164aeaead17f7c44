// Situations of a fleet: each has a stage of its own, and is skipped where there is no nats-server.

import { afterEach, beforeEach, test } from '@jest/globals';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { openFleetStage, type FleetStage } from './fleet-stage.js';

const STAGE_MS_MAX = 60_000;

export function fleetTest(situation: string, body: () => Promise<void>, msMax: number): void {
  if (natsServerProgram !== undefined) test(situation, body, msMax);
  else test.skip(`${situation} (skipped here: needs nats-server 2.10)`, body);
}

/** Opens a stage before each test of the file, and closes it afterwards. @returns the present one. */
export function stageForEach(open: () => Promise<FleetStage> = openFleetStage): () => FleetStage {
  let stage: FleetStage | undefined;
  beforeEach(async () => {
    if (natsServerProgram !== undefined) stage = await open();
  }, STAGE_MS_MAX);
  afterEach(async () => {
    await stage?.close();
    stage = undefined;
  }, STAGE_MS_MAX);
  return () => {
    if (stage === undefined) throw new Error('there is no stage outside of a test');
    return stage;
  };
}
