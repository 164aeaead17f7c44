// A machine, or an orchestrator, that starts while the fleet's server is out of reach: it does by itself
// what needs nobody, waits, and is one of the fleet as soon as the server is there.

import { expect } from '@jest/globals';
import { jetstream } from '@nats-io/jetstream';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markOfMachine } from '../../plugin-host/link/mark.nats.js';
import { Hello, Up } from '../../proto/gen/lull/link/v1/link.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { createLog } from '../../runtime/log.js';
import { connectNats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { installApp, versionOfApp } from '../support/apps.js';
import { MACHINE } from '../support/carrier.js';
import { fleetSandboxTest, fleetTest } from '../support/confinement.js';
import { besideOthers, openStage, type Stage } from '../support/stage.js';
import { enable, ended } from '../support/story.js';
import { startPart } from '../support/three-processes.js';

const TEST_MS_MAX = 120_000;
/** Less than a connection is tried for. */
const AT_ONCE_MS = 5_000;

async function withStage(play: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = openStage({ isFleet: true });
  try {
    await play(stage);
  } finally {
    await stage.close();
  }
}

/** As a crash leaves it between two renames, where the machine cannot exchange directories. */
function interruptInstall({ stateDir }: Stage, apps: string): void {
  const versions = join(apps, '../.apps.lull');
  mkdirSync(versions);
  writeFileSync(join(versions, 'adopting'), apps);
  renameSync(apps, join(versions, '0-adopted'));
  mkdirSync(join(stateDir, 'plugin-host'), { recursive: true });
  writeFileSync(join(stateDir, 'plugin-host/install-roots.json'), JSON.stringify([apps]));
}

/** A copy of the machine, as an image makes one, says hello. */
async function anotherOfItsName(url: URL): Promise<void> {
  const nats = await connectNats({ url, name: 'a copy', log: createLog('test', 'silent') });
  try {
    const value = Hello.fromPartial({ hostId: MACHINE, instanceId: 'the copy' });
    const up = { instanceId: 'the copy', message: { kind: { $case: 'hello' as const, value } } };
    const bytes = Up.encode({ ...up, hello: 1n }).finish();
    const subject = subjects.up(partitionOf(MACHINE), MACHINE);
    await jetstream(nats.connection).publish(subject, bytes, { headers: markOfMachine() });
  } finally {
    await nats.close();
  }
}

fleetSandboxTest(
  'a machine mends what a crash left, senses, and joins when there is a server, until another one of its name comes',
  () =>
    withStage(async (stage) => {
      const network = await stage.network();
      network.become({ kind: 'cut' });
      const apps = installApp(join(stage.directory, 'apps'), '1.0.0');
      interruptInstall(stage, apps);
      const orchestrator = await startPart(stage, 'orchestrator');
      const machine = stage.spawn([
        ...['up', '--only', 'sensor-service', 'plugin-host', ...besideOthers],
        ...['--nats', network.url.href],
      ]);
      await until('the program is back', () => existsSync(apps));
      expect(await versionOfApp(apps)).toBe('1.0.0');
      expect((await stage.say(['sensors'])).code).toBe(0);
      const health = (part: string) => stage.say(['health', '--only', part]);
      expect((await health('sensor-service')).code).toBe(0);

      network.become({ kind: 'none' });
      expect(await machine.said(' is up')).toBe(true);
      const follower = stage.follow();
      await enable(orchestrator, await stage.bundle('program'), { apps });
      await follower.report('away');
      await ended(follower, 'install', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');

      expect((await health('plugin-host')).code).toBe(0);
      await anotherOfItsName(network.url);
      await follower.report('engaged'); // What it says next of itself is answered.
      await until('it is refused', async () => (await health('plugin-host')).code === 1);
      expect((await health('plugin-host')).stdout).toContain('another machine goes by this name');
      machine.kill('SIGTERM');
      const { code, stderr } = await machine.ended;
      expect(code).toBe(0);
      expect(stderr).toContain(`waiting for NATS at nats://${network.url.host}`);
      expect(stderr).toContain(`NATS at nats://${network.url.host} is there`);
    }),
);

fleetTest(
  'SIGTERM ends the waiting at once, also in the middle of a connection that hangs',
  () =>
    withStage(async (stage) => {
      const network = await stage.network();
      network.become({ kind: 'half-open' });
      const orchestrator = stage.spawn([
        'up',
        '--only',
        'orchestrator',
        '--nats',
        network.url.href,
      ]);
      await until('it is being reached', () => network.takenCount > 0);
      const atMs = performance.now();
      orchestrator.kill('SIGTERM');
      const { code, stdout } = await orchestrator.ended;
      expect(performance.now() - atMs).toBeLessThan(AT_ONCE_MS);
      expect([code, stdout]).toEqual([0, 'stopping\n']);
    }),
  TEST_MS_MAX,
);

fleetTest(
  'whoever is there and does not let it in is told of, and not waited for',
  () =>
    withStage(async (stage) => {
      const { url } = await stage.network();
      url.password = 'guessed';
      const orchestrator = stage.spawn(['up', '--only', 'orchestrator', '--nats', url.href]);
      const { code, stderr } = await orchestrator.ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/keys of this machine do not go together: .*Authorization Violation/i);
      expect(stderr).not.toContain('guessed');
    }),
  TEST_MS_MAX,
);

fleetTest(
  'what only senses asks nobody: it is up without a server, and holds no connection',
  () =>
    withStage(async (stage) => {
      const network = await stage.network();
      network.become({ kind: 'half-open' });
      const args = ['up', '--only', 'sensor-service', '--nats', network.url.href];
      const sensors = stage.spawn(args);
      expect(await sensors.said(' is up')).toBe(true);
      expect((await stage.say(['sensors'])).code).toBe(0);
      expect(network.takenCount).toBe(0);
    }),
  TEST_MS_MAX,
);

fleetTest(
  'an orchestrator that the fleet does not hear is not well, and is again when it is back',
  () =>
    withStage(async (stage) => {
      const network = await stage.network();
      await stage.start(['--only', 'orchestrator', '--nats', network.url.href]);
      const health = async () => {
        const { code, stdout } = await stage.say(['health', '--only', 'orchestrator']);
        return `${String(code)} ${stdout}`;
      };
      const told = (pattern: RegExp) =>
        until(String(pattern), async () => pattern.test(await health()));
      await told(/^0 orchestrator .*: well/);
      network.become({ kind: 'half-open' });
      await told(/^1 orchestrator .*the fleet does not hear it/);
      network.become({ kind: 'cut' });
      network.become({ kind: 'none' });
      await told(/^0 orchestrator .*: well/);
    }),
  TEST_MS_MAX,
);
