// A machine, with a real sandbox, that is cut off from its fleet in the middle of an install.

import { expect } from '@jest/globals';
import { join } from 'node:path';
import type { Follower } from '../../harness/follow.grpc.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { fleetSandboxTest } from '../support/confinement.js';
import type { FaultProxy } from '../support/fault-proxy.tcp.js';
import { isFrozen } from '../support/processes.js';
import { openStage, type Stage } from '../support/stage.js';
import { attemptsOf, auditIsWhole, enable, ended, factOf } from '../support/story.js';
import { countOf, until } from '../support/told.js';
import { startPart } from '../support/three-processes.js';

interface Scene {
  readonly stage: Stage;
  readonly network: FaultProxy;
  readonly follower: Follower;
  readonly runId: string | undefined;
  readonly apps: string;
}

/** Plays from the middle of an install on; then the update has to come to its end, once. */
async function inMidInstall(play: (scene: Scene) => Promise<void>): Promise<void> {
  const stage = openStage({ isFleet: true });
  try {
    const network = await stage.network();
    const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
    await startPart(stage, 'sensor-service');
    const orchestrator = await startPart(stage, 'orchestrator');
    await startPart(stage, 'plugin-host', ['--nats', network.url.href]);
    const follower = stage.follow();
    await follower.report('away');
    const file = await stage.bundle('program', { behaviour: { stagingMs: 4_000 } });
    await enable(orchestrator, file, { apps });
    const { runId } = await factOf(follower, 'run.notice', 'install');
    await play({ stage, network, follower, runId, apps });
    const done = await ended(follower, 'install', 'succeeded');
    expect(done.runId).toBe(runId);
    expect(await versionOfApp(apps)).toBe('2.0.0');
    expect(attemptsOf(follower.facts, runId)).toEqual([1]);
    for (const kind of ['run.started', 'run.finished', 'content.installed']) {
      expect([kind, countOf(follower.facts, kind, runId)]).toEqual([kind, 1]);
    }
    expect(await auditIsWhole(orchestrator)).toBe(true);
  } finally {
    await stage.close();
  }
}

fleetSandboxTest('it stands still when its lease ends, and goes on when it is back', () =>
  inMidInstall(async ({ stage, network, follower, runId, apps }) => {
    network.become({ kind: 'one-way', lost: 'to the client' });
    await until('a frozen updater', () => isFrozen(stage) || undefined);
    expect(await versionOfApp(apps)).toBe('1.0.0');
    network.become({ kind: 'cut' });
    network.become({ kind: 'none' });
    const paused = await factOf(follower, 'run.paused', 'install');
    expect(paused).toMatchObject({ runId, reasons: ['LEASE_LOST'] });
    await factOf(follower, 'run.thawed', 'install');
  }),
);

fleetSandboxTest('it goes on guarding its user, who comes back while it is cut off', () =>
  inMidInstall(async ({ stage, network, follower, runId }) => {
    network.become({ kind: 'cut' });
    await follower.report('engaged');
    await until('a frozen updater', () => isFrozen(stage) || undefined);
    network.become({ kind: 'none' });
    const paused = await factOf(follower, 'run.paused', 'install');
    expect(paused).toMatchObject({
      runId,
      reasons: expect.arrayContaining(['PERSON_PRESENT']) as unknown,
    });
    await follower.report('away');
    await factOf(follower, 'run.thawed', 'install');
  }),
);
