// What people read: the machine, what runs, what waits and why.

import { expect, test } from '@jest/globals';
import { GetStatusResponse, Host } from '../../proto/gen/lull/operator/v1/operator.js';
import { TrustState, Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { AT_REST } from '../../conditions/reading.js';
import { showHosts, showStatus } from './status.js';

const page = { nowMs: 0, columns: Infinity };
const npm = Updater.fromPartial({
  id: 'dev.lull.npm',
  version: '1.0.0',
  state: TrustState.ENABLED,
  updateCount: 2,
});

test('a Lull that has just begun says so and what to do', () => {
  const hosts = [{ id: 'this machine', attached: false }];
  const shown = showStatus(
    GetStatusResponse.fromPartial({ version: '1.0.0', entryCount: 1n, hosts }),
    page,
  );
  expect(shown).toContain('Lull 1.0.0, 1 journal entry');
  expect(shown).toContain('lull updaters add FILE');
  expect(shown).toMatch(/Running\n {2}nothing/);
  expect(shown).toMatch(/Waiting\n {2}nothing/);
});

test('what is told of all machines of a fleet says nothing of one, and how to name one', () => {
  const told = GetStatusResponse.fromPartial({ version: '1.0.0', updaters: [npm] });
  const shown = showStatus(told, page);
  expect(shown).toContain('dev.lull.npm');
  expect(shown).toContain('--host names one');
  expect(shown).not.toMatch(/Running|Waiting|attached/);
  expect(showHosts(told.hosts, page)).toContain('--host names one');
});

test('everything is there: host, readings, updaters, runs, and every reason', () => {
  const shown = showStatus(
    GetStatusResponse.fromPartial({
      version: '1.0.0',
      entryCount: 12n,
      hosts: [
        {
          id: 'host-1',
          attached: true,
          confinement: 'confined',
          runtime: 'runc version 1.1.5',
          cgroups: 'hybrid',
          readings: [{ signal: 'cpu.busy', value: '3.0 %', source: '/proc/stat' }],
        },
        { id: 'host-2', attached: false },
      ],
      updaters: [npm],
      runs: [{ id: 'run-1', updaterId: 'dev.lull.npm', action: 'scan', state: 'running' }],
      waiting: [
        {
          updaterId: 'dev.lull.npm',
          updateId: 'left-pad',
          title: 'left-pad',
          action: 'install',
          reasons: [
            { code: 'PERSON_PRESENT', message: 'a person is using the machine' },
            { code: 'ON_BATTERY', message: 'the machine runs on battery' },
          ],
        },
      ],
    }),
    page,
  );
  for (const part of [
    'host-1: confinement confined, runc version 1.1.5, control groups hybrid',
    'host-2: not attached',
    'cpu.busy  3.0 %',
    'run-1',
    'install left-pad waits:',
    'PERSON_PRESENT',
    'a person is using the machine',
    'ON_BATTERY',
  ]) {
    expect(shown).toContain(part);
  }
});

test('what is not known leaves room for what is, and says why on lines of its own', () => {
  const why = 'no bus listens there, and nobody has reported it; say it with `lull presence`';
  const readings = [
    { signal: 'presence', value: `unknown: ${why}`, source: 'logind' },
    { signal: 'power.ac', value: 'yes', source: '/sys/class/power_supply' },
  ];
  const host = { id: 'h', attached: true, readings };
  const status = GetStatusResponse.fromPartial({ version: '1', hosts: [host] });
  const [, , , , ...lines] = showStatus(status, { nowMs: 0, columns: 64 }).split('\n');
  expect(lines.slice(0, 3)).toEqual([
    '  presence  unknown  no bus listens there, and nobody has',
    '                     reported it; say it with `lull presence`',
    '  power.ac  yes      /sys/class/power_supply',
  ]);
});

test('what to do about a presence that nobody can tell is not cut off', () => {
  const why = `${'the bus does not answer; '.repeat(10)}report it with \`lull presence away\``;
  const readings = [{ signal: 'presence', value: `unknown: ${why}`, source: '' }];
  const host = { id: 'h', attached: true, readings };
  const status = GetStatusResponse.fromPartial({ version: '1', hosts: [host] });
  expect(showStatus(status, page)).toContain('report it with `lull presence away`');
});

test('how strongly updaters are confined is shown with every trial, also while it is not known', () => {
  const trials = [
    { name: 'shadow', result: 'denied' },
    { name: 'disk', result: 'allowed' },
  ];
  const known = { id: 'h', attached: true, confinement: 'confined', runtime: 'r', cgroups: 'v2' };
  const shown = showHosts(
    [
      Host.fromPartial({ ...known, trials }),
      Host.fromPartial({ ...known, id: 'i', limits: ['swap', 'disk rates'] }),
      Host.fromPartial({ ...known, id: 'bare', confinement: 'none', runtime: '' }),
      Host.fromPartial({ id: 'new', attached: true }),
    ],
    page,
  );
  expect(shown).toContain(
    'i: confinement confined, r, control groups v2 (limit also swap, disk rates)',
  );
  expect(shown).toContain('h: confinement confined, r, control groups v2\n  shadow  denied\n');
  expect(shown).toMatch(/disk +allowed/);
  expect(shown).toContain('bare: confinement none, no OCI runtime (install runc, and start Lull');
  expect(shown).toContain('new: attached; being tried: the self-test of the sandbox is still on');
});

test('what is not measured at rest is told once, and not a line for each signal', () => {
  const readings = ['cpu.busy', 'disk.busy'].map((signal) => ({
    ...{ signal, value: `unknown: ${AT_REST}`, source: '' },
  }));
  const host = { id: 'host-1', attached: true, confinement: 'sealed', readings };
  const shown = showStatus(GetStatusResponse.fromPartial({ hosts: [host] }), page);
  expect(shown).toContain(`\n  ${AT_REST}: cpu.busy, disk.busy\n`);
  expect(shown.split(AT_REST)).toHaveLength(2);
});
