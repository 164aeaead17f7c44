// A stage for each situation of a fleet.

import { afterEach, beforeEach } from '@jest/globals';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { openFleetStage, type FleetStage, type OneServerStage } from './fleet-stage.js';

const STAGE_MS_MAX = 60_000;

/** Opens a stage before each test of the file, and closes it afterwards. @returns the present one. */
export function stageForEach(): () => OneServerStage;
export function stageForEach<S extends FleetStage>(open: () => Promise<S>): () => S;
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
