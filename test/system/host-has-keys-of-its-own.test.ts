import { expect } from '@jest/globals';
import { createPublicKey } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxTest } from '../support/confinement.js';
import { updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { enable, ended, outcomeOf } from '../support/story.js';
import { countOf } from '../support/told.js';

function publicKeyOf(stage: Stage, privateKeyFile: string): string {
  const file = join(stage.directory, 'host-trusts.pem');
  const pem = createPublicKey(readFileSync(privateKeyFile)).export({ type: 'spki', format: 'pem' });
  writeFileSync(file, pem);
  return file;
}

sandboxTest('what the orchestrator trusts and the host does not is never started', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start(['--trust-key', publicKeyOf(stage, stage.rivalKeyFile)]);
    const follower = stage.follow();
    await enable(running, await stage.bundle('program'), { apps });
    await follower.report('away');
    const end = await ended(follower, 'scan', 'failed');
    expect(outcomeOf(end)).toMatchObject({ code: 'SIGNATURE_INVALID', retry: false });
    expect(countOf(follower.facts, 'run.started')).toBe(0);
    expect(updaterProcesses(stage)).toEqual([]);
  }),
);

sandboxTest('what both trust runs', () =>
  onStage(async (stage, apps) => {
    const running = await stage.start(['--trust-key', publicKeyOf(stage, stage.keyFile)]);
    const follower = stage.follow();
    await enable(running, await stage.bundle('program'), { apps });
    await follower.report('away');
    await ended(follower, 'install', 'succeeded');
  }),
);
