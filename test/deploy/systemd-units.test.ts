// The units in deploy/, as systemd itself reads them; where there is no systemd-analyze, as text.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allowedCalls } from '../../plugin-host/sandbox/allowed-calls.js';
import { privileges } from '../../plugin-host/sandbox/privileges.js';
import { X_SOCKETS } from '../../sensor-service/probe/x-sockets.js';
import { repositoryRoot } from '../architecture/tree.fs.js';

const source = join(repositoryRoot(), 'deploy/systemd');
const ofUser = readFileSync(join(source, '../systemd-user/lull.service'), 'utf8');
const units = readdirSync(source);
/** The first that can judge a unit which is not installed. */
const VERSION_MIN = 250;

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-units-'));
  // Whether the program is installed here is not the question.
  const lull = join(dir, 'lull');
  writeFileSync(lull, '#!/bin/sh\n');
  chmodSync(lull, 0o755);
  const installed = (text: string): string => text.replace('/usr/bin/lull', lull);
  for (const unit of units) writeFileSync(join(dir, unit), installed(read(unit)));
  mkdirSync(join(dir, 'user'));
  writeFileSync(join(dir, 'user/lull.service'), installed(ofUser));
});

afterAll(() => {
  rmSync(dir, { recursive: true });
});

function read(unit: string): string {
  return readFileSync(join(source, unit), 'utf8');
}

const missing = whatIsMissing();
const withSystemd = missing === undefined ? test : test.skip;
const why = missing === undefined ? '' : ` (skipped here: ${missing})`;

function whatIsMissing(): string | undefined {
  const { stdout, error } = spawnSync('systemd-analyze', ['--version'], { encoding: 'utf8' });
  if (error !== undefined) return 'needs systemd-analyze';
  const version = Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? 0);
  return version < VERSION_MIN ? `needs systemd ${String(VERSION_MIN)}` : undefined;
}

/** What systemd has to say of it: nothing, for a good one. It ends with 0 also when it ignored a key. */
function complaints(file: string, manager: '--system' | '--user' = '--system'): string {
  const { status, stdout, stderr } = spawnSync(
    'systemd-analyze',
    [manager, 'verify', '--man=no', file],
    // Where a user's own manager would look for what is configured.
    { encoding: 'utf8', env: { ...process.env, HOME: dir, XDG_RUNTIME_DIR: dir } },
  );
  return `${stdout}${stderr}${status === 0 ? '' : `status ${String(status)}`}`;
}

describe('systemd takes every unit without a word', () => {
  withSystemd.each(units)(`%s${why}`, (unit) => {
    expect(complaints(join(dir, unit))).toBe('');
  });

  withSystemd(`that of a user${why}`, () => {
    expect(complaints(join(dir, 'user/lull.service'), '--user')).toBe('');
  });

  withSystemd(`a misspelt key would be noticed${why}`, () => {
    const file = join(dir, 'misspelt.service');
    writeFileSync(file, `[Service]\nExecStart=${join(dir, 'lull')}\nRestrictRealtme=yes\n`);
    expect(complaints(file)).toContain('RestrictRealtme');
  });
});

/** From 0, nothing within reach, to 100. */
const exposureMax = {
  'lull-orchestrator.service': 12,
  'lull-sensor.service': 33,
  'lull-plugin-host.service': 67,
  'lull.service': 69,
};

describe('none has more powers than it needs, by the measure of systemd', () => {
  withSystemd.each(Object.entries(exposureMax))(`%s${why}`, (unit, threshold) => {
    const args = ['security', '--offline=true', '--no-pager', `--threshold=${String(threshold)}`];
    // Ends with 1, and a list, above it.
    execFileSync('systemd-analyze', [...args, join(dir, unit)], { stdio: 'pipe' });
  });
});

test('the sensor-service becomes a desktop’s user to dial its bus, and ends who hangs at that', () => {
  const [, kept = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(read('lull-sensor.service')) ?? [];
  expect(kept.split(' ')).toEqual(expect.arrayContaining(['CAP_SETUID', 'CAP_SETGID', 'CAP_KILL']));
});

describe('what confines updaters', () => {
  const confining = ['lull.service', 'lull-plugin-host.service'];

  test.each(confining)('%s keeps every capability that it needs', (unit) => {
    const [, kept = ''] = /^CapabilityBoundingSet=(.*)$/m.exec(read(unit)) ?? [];
    expect(kept.split(' ')).toEqual(expect.arrayContaining(privileges.map(({ name }) => name)));
  });

  test.each(confining)(
    '%s covers nothing of /proc, or sandboxes lose their user namespace',
    (unit) => {
      expect(read(unit)).not.toMatch(
        /^(?:ProtectKernel|ProtectProc|ProcSubset|ProtectClock|ProtectHostname|PrivateDevices|RestrictNamespaces)/m,
      );
    },
  );

  withSystemd.each(confining)(`%s refuses no call that an updater is allowed${why}`, (unit) => {
    const [, filtered = ''] = /^SystemCallFilter=~(.*)$/m.exec(read(unit)) ?? [];
    expect(filtered).not.toBe('');
    const refused = execFileSync(
      'systemd-analyze',
      ['syscall-filter', '--no-pager', ...filtered.split(' ')],
      { encoding: 'utf8' },
    ).match(/^ +[a-z]\w*$/gm);
    const allowed = new Set(allowedCalls.flatMap(({ names }) => names));
    expect(refused?.length).toBeGreaterThan(10);
    expect(refused?.filter((name) => allowed.has(name.trim()))).toEqual([]);
  });

  test.each(confining)('%s lets the reaper outlive a plugin-host that was killed', (unit) => {
    expect(read(unit)).toMatch(/^KillMode=process$/m);
  });
});

describe('the unit of a user', () => {
  test('has control groups to pause updaters in, and ends them in order', () => {
    expect(ofUser).toMatch(/^Delegate=yes$/m);
    expect(ofUser).toMatch(/^KillMode=mixed$/m);
  });

  test('restricts nothing that would take its ids: what does forbids setuid programs', () => {
    expect(ofUser).not.toMatch(/^(?:NoNewPriv|Restrict|SystemCall|Protect|Private|Lock|Memory)/m);
  });
});

test.each([...units.map((unit) => [unit, read(unit)] as const), ['of a user', ofUser] as const])(
  '%s is tried again for as long as it takes: nobody may be there to start it',
  (_unit, text) => {
    expect(text).toMatch(/^StartLimitIntervalSec=0$/m);
    expect(text).toMatch(/^Restart=on-failure$/m);
  },
);

test('what senses does not get what lets a machine into its fleet', () => {
  const [, unset = ''] = /^UnsetEnvironment=(.*)$/m.exec(read('lull-sensor.service')) ?? [];
  const environment = readFileSync(join(repositoryRoot(), 'docs/environment.md'), 'utf8');
  const named = environment.match(/(?<=^\| `)LULL_(?:NATS\w*|HOST_ID|NAME)(?=`)/gm);
  expect(unset.split(' ').sort()).toEqual(named?.sort());
});

test('what senses sees the sockets of X servers, which lie in /tmp', () => {
  expect(read('lull-sensor.service')).not.toMatch(/^PrivateTmp=/m);
  expect(X_SOCKETS.startsWith('/tmp/')).toBe(true);
});
