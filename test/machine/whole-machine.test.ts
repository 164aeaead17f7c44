// Lull on a machine as people have one: systemd is its first process, control groups are of version 2
// alone, /run is mounted as its distribution does it. It is installed as docs/operators.md says. What
// follows happens to it in this order.

import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { until } from '../../runtime/until.testing.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { installApp } from '../support/apps.js';
import { packFixture } from '../support/bundle.js';
import { testUnless } from '../support/confinement.js';
import { stagePolicy } from '../support/policy.js';
import { createPublisherKey } from '../support/publisher-key.js';
import { missingForMachine, startMachine, type Machine } from './machine.qemu.js';

const STORY_MS_MAX = 600_000;
/** Each look is a program that is started there. */
const looks = { withinMs: 240_000, everyMs: 1_000 };
const STAGING_MS = 90_000;
const BETWEEN_KEYS_MS = 2_000;

let directory: string;
let machine: Machine;

/** What Lull there says, once it says this. */
function told(words: RegExp, ...command: readonly string[]): Promise<string> {
  return answered(words, 'lull', ...command);
}

async function answered(words: RegExp, ...command: readonly string[]): Promise<string> {
  let said = '';
  const look = async (): Promise<boolean> => {
    said = await machine.exec(...command).catch(String);
    return words.test(said);
  };
  await until(String(words), look, looks).catch((error: unknown) => {
    throw new Error(`never ${String(words)}, but:\n${said.slice(-3_000)}`, { cause: error });
  });
  return said;
}

/** At a login, 20 s without a key are an absence, and each look at a slow machine may take as long. */
async function whileSomebodyTypes(look: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const typing = (async () => {
    do await machine.type('a');
    while (await pause(BETWEEN_KEYS_MS, over.signal));
  })();
  try {
    await look();
  } finally {
    over.abort();
    await typing;
  }
}

/** The account without a password that this machine has; systemd looks after it without a login. */
const hers = ['env', 'HOME=/home/ada', 'XDG_RUNTIME_DIR=/run/user/1000'];
const ada = ['runuser', '-u', 'ada', '--', ...hers];
const asAda = (...command: readonly string[]): Promise<string> => machine.exec(...ada, ...command);

const version = async (): Promise<string> => (await machine.exec('/srv/apps/bin/hello')).trim();

/** What a test brings along: Lull, its unit, a policy, an application, and an updater for it. */
async function pack(): Promise<string> {
  const brought = join(directory, 'brought');
  mkdirSync(brought);
  execFileSync(process.execPath, [
    join(repositoryRoot(), 'scripts/image-tree.mjs'),
    join(brought, 'lull'),
  ]);
  for (const [unit, as] of [
    ['systemd', 'lull.service'],
    ['systemd-user', 'lull-user.service'],
  ] as const) {
    copyFileSync(join(repositoryRoot(), 'deploy', unit, 'lull.service'), join(brought, as));
  }
  const keyFile = join(directory, 'publisher.pem');
  const policy = stagePolicy([createPublisherKey('lull', keyFile)], { confinement: 'sealed' });
  writeFileSync(join(brought, 'policy.yaml'), policy);
  writeFileSync(join(brought, 'user-policy.yaml'), 'confinement: confined\n');
  installApp(join(brought, 'apps'), '1.0.0');
  const bundle = await packFixture('program', {
    directory,
    keyFiles: [keyFile],
    manifest: { limits: { memory_mb: 512, processes: 64, disk_mb: 64, run_s: 600 } },
    behaviour: { stagingMs: STAGING_MS, verify: 'works' },
  });
  copyFileSync(bundle, join(brought, 'updater.lull'));
  const disk = join(directory, 'brought.img');
  execFileSync('mkfs.ext4', ['-q', '-d', brought, disk, '400M']);
  return disk;
}

describe('a whole machine', () => {
  beforeAll(async () => {
    if (missingForMachine !== undefined) return;
    directory = mkdtempSync(join(tmpdir(), 'lull-machine-'));
    machine = await startMachine(directory, await pack());
    await machine.exec('ln', '-s', '/mnt/lull', '/opt/lull');
    await machine.exec('ln', '-s', '/opt/lull/dist/lull/main.js', '/usr/bin/lull');
    await machine.exec('install', '-D', '-m', '644', '/mnt/policy.yaml', '/etc/lull/policy.yaml');
    await machine.exec('cp', '/mnt/lull.service', '/etc/systemd/system/');
    await machine.exec('cp', '-r', '/mnt/apps', '/srv/apps');
    await machine.exec('systemctl', 'enable', '--now', 'lull');
  }, STORY_MS_MAX);
  afterAll(async () => {
    if (missingForMachine !== undefined) return;
    await machine.close();
    await rm(directory, { recursive: true });
  }, STORY_MS_MAX);

  const machineTest = (situation: string, body: () => Promise<void>): void => {
    testUnless(missingForMachine, situation, body, STORY_MS_MAX);
  };

  machineTest('confines as strongly as it can, and says that nobody is there', async () => {
    expect(await told(/confinement/, 'host')).toMatch(/confinement sealed, .*control groups v2 /);
    expect(await machine.exec('lull', 'sensors')).toMatch(/^presence +away/m);
  });

  machineTest('sleeps, and knows when it woke', async () => {
    expect(await machine.exec('lull', 'sensors')).toMatch(/^resume\.at +unknown/m);
    await machine.exec('systemd-run', '--on-active=1', 'systemctl', 'suspend');
    await until('it sleeps', () => machine.isAsleep(), looks);
    await machine.wake();
    await told(/^resume\.at +\d+ m?s ago/m, 'sensors');
  });

  machineTest('updates while nobody is there, and stands when somebody types', async () => {
    const add = ['updaters', 'add', '/mnt/updater.lull', '--enable', '--set', 'apps=/srv/apps'];
    await machine.exec('lull', ...add);
    await told(/install +running/, 'status');
    await whileSomebodyTypes(async () => {
      await told(/"run\.paused".*"PERSON_PRESENT"/, 'audit', 'log');
      expect(await machine.exec('lull', 'sensors')).toMatch(/^presence +engaged/m);
      const groups = 'cat /sys/fs/cgroup/lull-*/*/cgroup.events';
      expect(await machine.exec('sh', '-c', groups)).toContain('frozen 1');
    });
    expect(await version()).toBe('1.0.0');
  });

  machineTest('goes on where it was after the power was cut, and its chain is whole', async () => {
    await machine.cutPower();
    await machine.boot();
    expect(await version()).toBe('1.0.0');
    await until('the new version is there', async () => (await version()) === '2.0.0', looks);
    await told(/verify.*succeeded/, 'history');
    expect(await machine.exec('lull', 'audit', 'verify')).toContain('the chain is whole');
  });

  machineTest('confines as strongly with crun', async () => {
    await machine.exec('sh', '-c', 'echo "LULL_OPTIONS=--oci-runtime crun" > /etc/lull/lull.env');
    await machine.exec('systemctl', 'restart', 'lull');
    expect(await told(/confinement/, 'host')).toMatch(/confinement sealed, crun version/);
    await machine.exec('systemctl', 'disable', '--now', 'lull');
    expect(await machine.exec('sh', '-c', 'ls -d /sys/fs/cgroup/lull-* || true')).toBe('');
  });

  machineTest('confines for an ordinary user, by the limits that systemd delegates', async () => {
    await machine.exec('loginctl', 'enable-linger', 'ada');
    const config = '/home/ada/.config';
    await asAda('mkdir', '-p', `${config}/systemd/user`, `${config}/lull`);
    await asAda('cp', '/mnt/lull-user.service', `${config}/systemd/user/lull.service`);
    await asAda('cp', '/mnt/user-policy.yaml', `${config}/lull/policy.yaml`);
    await asAda('systemctl', '--user', 'enable', '--now', 'lull');
    const said = await answered(/confinement/, ...ada, 'lull', 'host');
    expect(said).toMatch(/confinement confined, runc .*, without root, control groups v2 /);
    expect(said).toMatch(/^ +memory +denied\n +processes +denied$/m);
    const groups = '/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/app.slice';
    const shares = `cat ${groups}/lull.service/lull-*/cpu.max`;
    expect(await machine.exec('sh', '-c', shares)).toBe('180000 100000\n');
    await asAda('systemctl', '--user', 'stop', 'lull');
    expect(await machine.exec('find', groups, '-name', 'lull*')).toBe('');
  });
});
