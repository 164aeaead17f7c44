// The units in deploy/systemd, started by a real systemd as the first process of a machine of its own.

import { expect } from '@jest/globals';
import { constants, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';
import { until } from '../../runtime/until.testing.js';
import { fleetSystemdTest, systemdTest } from '../support/confinement.js';
import { bootSystemd, type SystemdBox } from './systemd-box.spawn.js';

const AGAIN_MS_MAX = 60_000;

async function inBox(story: (box: SystemdBox, directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-systemd-'));
  try {
    const box = await bootSystemd(directory);
    try {
      await story(box, directory);
    } finally {
      await box.close();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Asks until the answer is as it should be. @returns it. */
async function answered(pattern: RegExp, ask: () => Promise<string>): Promise<string> {
  let said = '';
  const look = async (): Promise<boolean> => {
    said = await ask().catch(String);
    return pattern.test(said);
  };
  await until(String(pattern), look, { withinMs: AGAIN_MS_MAX, everyMs: 500 }).catch(
    (error: unknown) => {
      throw new Error(`never ${String(pattern)}, but:\n${said}`, { cause: error });
    },
  );
  return said;
}

async function mainPid(box: SystemdBox, unit: string): Promise<string> {
  return (await box.exec('systemctl', 'show', '--property=MainPID', '--value', unit)).trim();
}

/** What systemd thinks of how it ended. */
async function resultOf(box: SystemdBox, unit: string): Promise<string> {
  const properties = ['ActiveState', 'Result', 'ExecMainStatus'].join(',');
  const said = await box.exec('systemctl', 'show', `--property=${properties}`, unit);
  return said.trim().split('\n').sort().join(' ');
}

const endedInOrder = 'ActiveState=inactive ExecMainStatus=0 Result=success';

systemdTest('lull.service confines updaters, comes back when it is killed, and ends in order', () =>
  inBox(async (box, directory) => {
    writeFileSync(join(directory, 'policy.yaml'), 'confinement: confined\n');
    await box.exec('cp', join(directory, 'policy.yaml'), '/etc/lull/policy.yaml');
    await box.exec('systemctl', 'start', 'lull');
    const host = (): Promise<string> => box.exec('lull', 'host');
    await answered(/confinement (confined|sealed)/, host);
    const before = await mainPid(box, 'lull');

    await box.exec('systemctl', 'kill', '--signal=KILL', '--kill-whom=main', 'lull');
    await answered(/confinement (confined|sealed)/, host);
    expect(await mainPid(box, 'lull')).not.toBe(before);
    await answered(/the chain is whole/, () => box.exec('lull', 'audit', 'verify'));

    await box.exec('systemctl', 'stop', 'lull');
    expect(await resultOf(box, 'lull')).toBe(endedInOrder);
  }),
);

/** As docs/operators.md says it: each has its own keys, of which an orchestrator's belong to its user. */
async function giveKeys(box: SystemdBox, directory: string): Promise<string> {
  const keys = join(directory, 'keys');
  const server = join(keys, 'nats-server');
  await box.exec(
    ...['lull', 'keys', 'init', keys, '--name', 'localhost', '--installed-at', server],
    ...['--listen', '127.0.0.1:4222', '--store', '/var/lib/nats'],
    ...['--issue', 'orchestrator:o1', 'host:machine'],
  );
  const shown = (at: string): string =>
    [
      ...['LULL_HOST_ID=machine', 'LULL_NATS=tls://localhost:4222'],
      ...[`LULL_NATS_CA=${at}/ca.pem`, `LULL_NATS_CERT=${at}/cert.pem`],
      ...[`LULL_NATS_KEY=${at}/key.pem`, `LULL_NATS_CREDS=${at}/nats.creds`],
    ].join('\n');
  writeFileSync(join(directory, 'lull.env'), shown('/etc/lull/keys'));
  // Both are on one machine here.
  const own = '/etc/lull/orchestrator';
  writeFileSync(join(directory, 'own.conf'), `[Service]\nEnvironmentFile=${own}.env\n`);
  writeFileSync(join(directory, 'own.env'), shown(own));
  const dropIns = '/etc/systemd/system/lull-orchestrator.service.d';
  await box.exec('mkdir', dropIns);
  await box.exec('cp', join(directory, 'own.conf'), dropIns);
  await box.exec('cp', join(directory, 'own.env'), `${own}.env`);
  await box.exec('cp', '-r', join(keys, 'host-machine'), '/etc/lull/keys');
  await box.exec('cp', '-r', join(keys, 'orchestrator-o1'), own);
  await box.exec('useradd', '--system', '--no-create-home', 'lull-orchestrator');
  await box.exec('chown', '-R', 'lull-orchestrator:', own);
  await box.exec('systemctl', 'daemon-reload');
  return join(server, 'nats-server.conf');
}

fleetSystemdTest(
  'the units of a fleet find each other by their keys, and wait for the server',
  () =>
    inBox(async (box, directory) => {
      const conf = await giveKeys(box, directory);
      writeFileSync(join(directory, 'policy.yaml'), 'confinement: confined\n');
      for (const file of ['lull.env', 'policy.yaml']) {
        await box.exec('cp', join(directory, file), '/etc/lull/');
      }
      const units = ['lull-orchestrator', 'lull-sensor', 'lull-plugin-host'];
      await box.exec('systemctl', 'start', ...units);
      const sensors = await mainPid(box, 'lull-sensor');
      await answered(/since/, () => box.exec('lull', 'sensors'));
      expect(await box.exec('cat', `/proc/${sensors}/environ`)).not.toContain('LULL_NATS');
      // At a path that both sides see.
      const server = join(directory, 'nats-server');
      copyFileSync(natsServerProgram ?? '', server, constants.COPYFILE_FICLONE);
      box.start(server, '-c', conf);
      const hosts = (): Promise<string> =>
        box.exec('lull', '--run', '/run/lull-orchestrator', 'fleet', 'hosts');
      await answered(/yes +(confined|sealed)/, hosts);
      // Nothing was started twice: each waited.
      for (const unit of units) {
        const restarts = await box.exec(
          'systemctl',
          'show',
          '--property=NRestarts',
          '--value',
          unit,
        );
        expect([unit, restarts.trim()]).toEqual([unit, '0']);
      }

      await box.exec('systemctl', 'stop', ...units);
      for (const unit of units)
        expect([unit, await resultOf(box, unit)]).toEqual([unit, endedInOrder]);
    }),
);
