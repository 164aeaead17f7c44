import { describe, expect, test } from '@jest/globals';
import { bindGrants, settingProblems } from './grant.js';
import type { Manifest } from './manifest.js';
import { manifestWith } from './manifest.testing.js';

function manifest(change: object): Manifest {
  const settings = [
    { name: 'prefix', kind: 'path', why: 'x' },
    { name: 'registry', kind: 'url', why: 'x' },
    { name: 'channel', kind: 'text', why: 'x' },
  ];
  return manifestWith({ settings, ...change });
}

const values = {
  prefix: '/opt/tools',
  registry: 'https://Packages.example/npm',
  channel: 'stable',
};

function problems(change: Record<string, string>): string[] {
  const settings = new Map(Object.entries({ ...values, ...change }));
  return settingProblems(manifest({}), settings);
}

describe('what an operator may bind', () => {
  test('a plain path, a web address, any text', () => {
    expect(problems({})).toEqual([]);
    expect(problems({ channel: '' })).toEqual([]);
    expect(problems({ registry: 'http://127.0.0.1:4873/' })).toEqual([]);
  });

  test('every setting needs a value', () => {
    expect(settingProblems(manifest({}), new Map())).toEqual([
      'prefix: no value',
      'registry: no value',
      'channel: no value',
    ]);
  });

  test.each([
    '',
    '/',
    'opt',
    '/opt/../etc',
    '/opt/./x',
    '/opt//x',
    '/opt/',
    '/o\0',
    '/'.padEnd(5_000, 'x'),
  ])('the path "%s" is refused', (prefix) => {
    expect(problems({ prefix })).toHaveLength(1);
  });

  test.each([
    '',
    'packages.example',
    'ftp://a.example',
    'https://user:pw@a.example',
    'https://u@a.example',
    'file:///etc',
  ])('the address "%s" is refused', (registry) => {
    expect(problems({ registry })).toHaveLength(1);
  });
});

const kinds = ['roots', 'install_roots'] as const;

describe.each(kinds)('a directory among %s', (kind) => {
  const rooted = (path: string, more: object = {}): string[] =>
    settingProblems(
      manifest({ settings: [], [kind]: [{ name: 'db', path }], ...more }),
      new Map<string, string>(),
    );

  test.each(['/', '/etc', '/usr', '/usr/lib', '/var/lib', '/home'])(
    "%s is the system's",
    (path) => {
      expect(rooted(path)).toHaveLength(1);
    },
  );

  test.each(['/opt/../etc/cron.d', '/opt/x/', '/opt//x', '/opt/x\0', '/opt/./x'])(
    '%j is no plain path, and hides where it leads',
    (path) => {
      expect(rooted(path)).toHaveLength(1);
    },
  );

  test.each(['/proc/sys/kernel', '/sys/fs/cgroup', '/dev/shm'])("%s is the kernel's", (path) => {
    expect(rooted(path, { scope: 'kernel' })).toHaveLength(1);
  });

  test.each([
    ...['/boot/grub', '/usr/lib/firmware/acme', '/usr/lib/x86_64-linux-gnu', '/lib/systemd/system'],
    ...['/etc/cron.d', '/etc/ssh', '/etc/pam.d', '/root/.ssh', '/var/lib/dpkg/info'],
  ])('what a machine starts from, and whom it lets in, is for the deeper scopes: %s', (path) => {
    expect(rooted(path)).toHaveLength(1);
    expect(rooted(path, { scope: 'kernel' })).toEqual([]);
  });

  test.each(['/usr/lib/firmware-tools', '/usr/lib/linux-gnu-tools', '/root/.npm-global'])(
    '%s only looks like that',
    (path) => {
      expect(rooted(path)).toEqual([]);
    },
  );

  test('a directory of its own is fine, unless it overlaps another root', () => {
    expect(rooted('/var/lib/tool')).toEqual([]);
    const other = kind === 'roots' ? 'install_roots' : 'roots';
    const more = { [other]: [{ name: 'own', path: '/opt/tool/app' }] };
    expect(rooted('/opt/tool', more)).toHaveLength(1);
    expect(rooted('/opt/tools', more)).toEqual([]);
    expect(rooted('/opt/tool/app/db', more)).toHaveLength(1);
  });

  test('two of one kind do not overlap either', () => {
    const two = (path: string): string[] =>
      rooted('/unused/path', {
        [kind]: [
          { name: 'one', path: '/opt/tool' },
          { name: 'two', path },
        ],
      });
    expect(two('/opt/tool/inner')).toEqual(['two: /opt/tool/inner overlaps /opt/tool']);
    expect(two('/opt/tool')).toHaveLength(1);
    expect(two('/opt/tool2')).toEqual([]);
  });
});

describe('what it comes to', () => {
  test('settings take the place of their names, hosts get their port, prefixes their slash', () => {
    const grants = bindGrants(
      manifest({
        install_roots: [
          { name: 'prefix', path: '{prefix}' },
          { name: 'own', path: '/opt/own' },
        ],
        egress: ['{registry}', 'b.example', 'c.example:8443'],
        fetch: ['{registry}', 'https://d.example/files/'],
      }),
      new Map(Object.entries(values)),
      ['10.0.0.5:8443'],
    );
    expect(grants).toEqual({
      installRoots: [
        { name: 'prefix', path: '/opt/tools' },
        { name: 'own', path: '/opt/own' },
      ],
      roots: [],
      egress: ['packages.example:443', 'b.example:443', 'c.example:8443'],
      fetchPrefixes: ['https://Packages.example/npm/', 'https://d.example/files/'],
      // What the vendor wrote, d.example for one, is not among them.
      operatorHosts: ['packages.example:443', 'packages.example:443', '10.0.0.5:8443'],
    });
  });

  test('plain http means port 80', () => {
    const settings = new Map([['registry', 'http://a.example/npm']]);
    expect(bindGrants(manifest({ egress: ['{registry}'] }), settings).egress).toEqual([
      'a.example:80',
    ]);
  });
});
