import { expect, test } from '@jest/globals';
import { environment, ociConfig } from './config.js';
import { planRootfs, type HostFacts } from './rootfs.js';
import type { SandboxSpec } from './sandbox.js';

const facts: HostFacts = {
  topLevel: [
    { path: '/bin', linkTo: 'usr/bin' },
    { path: '/lib', linkTo: undefined },
  ],
  etc: [{ path: '/etc/ld.so.cache', directory: false }],
  mountsBelowUsr: ['/usr/local'],
  node: { executable: '/opt/node/bin/node', npm: '/opt/node/lib/node_modules/npm' },
  userNamespaces: true,
  openFilesMax: 1_024,
  processors: 2,
  groups: {
    ...{ memory: true, processes: true, processorWeight: true, swap: true },
    ...{ unifiedMemory: false, diskWeight: false, diskRates: false },
  },
};

const spec: SandboxSpec = {
  id: 'scan-1',
  uid: 61_001,
  argv: ['node', 'main.mjs'],
  env: new Map([['LULL_TOKEN', 't']]),
  runtime: 'node',
  dirs: {
    channelDir: '/run/lull/s/scan-1/channel',
    hostDir: '/run/lull/s/scan-1/host',
    rootDir: '/run/lull/s/scan-1/rootfs',
  },
  bundleDir: '/var/lib/lull/bundles/aa',
  workDir: '/var/lib/lull/x',
  artifactsDir: '/var/lib/lull/artifacts/x',
  roots: [
    { name: 'tools', path: '/opt/tools' },
    { name: 'none', path: '/opt/none' },
  ],
  limits: { memoryBytesMax: 1e8, processesMax: 32, diskBytesMax: 1e6 },
};

const plan = planRootfs(spec, facts, new Set(['/opt/tools']));

test('only the work and channel directories, /tmp and /dev can be written', () => {
  const writable = plan.mounts.filter(({ options }) => !options.includes('ro'));
  expect(writable.map(({ destination }) => destination).sort()).toEqual([
    '/dev',
    '/lull/channel',
    '/lull/work',
    '/proc',
    '/tmp',
  ]);
});

test('every mount refuses setuid, and every bind devices', () => {
  expect(plan.mounts.every(({ options }) => options.includes('nosuid'))).toBe(true);
  const binds = plan.mounts.filter(({ type }) => type === 'bind');
  expect(binds.every(({ options }) => options.includes('nodev'))).toBe(true);
});

test('a link into /usr stays a link; a directory of its own is bound', () => {
  expect(plan.links).toContainEqual({ path: '/bin', target: 'usr/bin' });
  expect(plan.mounts.some(({ destination }) => destination === '/lib')).toBe(true);
});

test('a file system mounted below /usr is brought along', () => {
  expect(plan.mounts.some(({ destination }) => destination === '/usr/local')).toBe(true);
});

test('an install root that does not exist yet is an empty directory', () => {
  expect(plan.mounts.some(({ destination }) => destination === '/lull/roots/tools')).toBe(true);
  expect(plan.mounts.some(({ destination }) => destination === '/lull/roots/none')).toBe(false);
  expect(plan.directories).toContain('/lull/roots/none');
});

test('of a Node.js outside /usr only the program and npm are shown', () => {
  const shown = plan.mounts.filter(({ source }) => source.startsWith('/opt/node'));
  expect(shown.map(({ source }) => source)).toEqual([
    '/opt/node/bin/node',
    '/opt/node/lib/node_modules/npm',
  ]);
  expect(environment(spec, facts)).toContain('PATH=/opt/node/bin:/usr/local/bin:/usr/bin:/bin');
});

test('the runtime "host" shows no Node.js of its own', () => {
  const host = planRootfs({ ...spec, runtime: 'host' }, facts, new Set());
  expect(host.mounts.some(({ source }) => source.startsWith('/opt/node'))).toBe(false);
});

test('the environment is the one of the launch, with PATH and HOME', () => {
  const host = { ...spec, runtime: 'host' as const };
  expect(environment(host, facts)).toEqual([
    'LULL_TOKEN=t',
    'HOME=/lull/work',
    'PATH=/usr/local/bin:/usr/bin:/bin',
  ]);
});

test('no capability in any set, no new privileges, own ids', () => {
  const { process } = ociConfig(spec, facts, plan.mounts, '/lull-x/scan-1');
  expect(Object.values(process.capabilities).flat()).toEqual([]);
  expect(Object.keys(process.capabilities)).toHaveLength(5);
  expect(process.noNewPrivileges).toBe(true);
  expect(process.user).toEqual({ uid: 61_001, gid: 61_001 });
});

test('a machine with a low limit on open files is not asked for more', () => {
  const { process } = ociConfig(spec, facts, plan.mounts, '/lull-x/scan-1');
  expect(process.rlimits[0]).toEqual({ type: 'RLIMIT_NOFILE', soft: 1_024, hard: 1_024 });
});

test('whoever may have a real-time priority, or a better one, does not hand it on (T20)', () => {
  const { process } = ociConfig(spec, facts, plan.mounts, '/lull-x/scan-1');
  for (const type of ['RLIMIT_RTPRIO', 'RLIMIT_NICE']) {
    expect(process.rlimits).toContainEqual({ type, soft: 0, hard: 0 });
  }
});

test('root and the updater are themselves in its user namespace, and nobody else is anybody', () => {
  const { linux } = ociConfig(spec, facts, plan.mounts, '/lull-x/scan-1');
  expect(linux.namespaces).toContainEqual({ type: 'user' });
  const itself = [0, 61_001].map((id) => ({ containerID: id, hostID: id, size: 1 }));
  expect([linux.uidMappings, linux.gidMappings]).toEqual([itself, itself]);
});

test('where the kernel makes no user namespace none is asked for', () => {
  const without = { ...facts, userNamespaces: false };
  const { linux } = ociConfig(spec, without, plan.mounts, '/lull-x/scan-1');
  expect(linux.namespaces).not.toContainEqual({ type: 'user' });
  expect(linux).not.toHaveProperty('uidMappings');
});

test('no file grows beyond what the updater may keep, also in the channel', () => {
  const { process } = ociConfig(spec, facts, plan.mounts, '/lull-x/scan-1');
  const bytes = spec.limits.diskBytesMax;
  expect(process.rlimits).toContainEqual({ type: 'RLIMIT_FSIZE', soft: bytes, hard: bytes });
});
