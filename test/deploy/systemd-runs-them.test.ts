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

fleetSystemdTest('the units of a fleet find each other, and its machine is confined', () =>
  inBox(async (box, directory) => {
    const [conf, env, policy] = ['nats.conf', 'lull.env', 'policy.yaml'].map((name) =>
      join(directory, name),
    ) as [string, string, string];
    writeFileSync(conf, 'listen: 127.0.0.1:4222\njetstream { store_dir: /var/lib/nats }\n');
    writeFileSync(env, 'LULL_NATS=nats://127.0.0.1:4222\nORCHESTRATOR_OPTIONS=--allow-lossy\n');
    writeFileSync(policy, 'confinement: confined\n');
    for (const file of [env, policy]) await box.exec('cp', file, '/etc/lull/');
    // At a path that both sides see.
    const server = join(directory, 'nats-server');
    copyFileSync(natsServerProgram ?? '', server, constants.COPYFILE_FICLONE);
    box.start(server, '-c', conf);
    const units = ['lull-orchestrator', 'lull-sensor', 'lull-plugin-host'];
    await box.exec('systemctl', 'start', ...units);
    const hosts = (): Promise<string> =>
      box.exec('lull', '--run', '/run/lull-orchestrator', 'fleet', 'hosts');
    await answered(/yes +(confined|sealed)/, hosts);

    await box.exec('systemctl', 'stop', ...units);
    for (const unit of units)
      expect([unit, await resultOf(box, unit)]).toEqual([unit, endedInOrder]);
  }),
);
