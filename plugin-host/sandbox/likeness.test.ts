import { expect, test } from '@jest/globals';
import { ociConfig } from './config.js';
import { likenessOf } from './likeness.js';
import { planRootfs, type HostFacts } from './rootfs.js';
import type { SandboxSpec } from './sandbox.js';

const facts: HostFacts = {
  ...{
    topLevel: [],
    etc: [],
    mountsBelowUsr: [],
    node: undefined,
    userNamespaces: true,
    processors: 2,
  },
  openFilesMax: 4_096,
  groups: {
    ...{ memory: true, processes: true, processorWeight: true, swap: true },
    ...{ unifiedMemory: true, diskWeight: true, diskRates: true },
  },
};

function likeness(id: string, change: Partial<SandboxSpec> = {}, token = 'one'): string {
  const launch = `/run/lull/s/${id}`;
  const spec: SandboxSpec = {
    ...{ id, uid: 61_000, argv: ['./main'], runtime: 'host' },
    env: new Map([
      ['LULL_TOKEN', token],
      ['TRACEPARENT', `00-${id}`],
      ['LANG', 'C.UTF-8'],
    ]),
    dirs: { channelDir: `${launch}/channel`, hostDir: `${launch}/host`, rootDir: launch },
    bundleDir: '/var/lib/lull/catalog/abc',
    workDir: '/var/lib/lull/updaters/61000/work',
    artifactsDir: '/var/lib/lull/updaters/61000/artifacts',
    roots: [],
    limits: { memoryBytesMax: 1, processesMax: 2, diskBytesMax: 3 },
    ...change,
  };
  const { mounts } = planRootfs(spec, facts, new Set(spec.roots.map(({ path }) => path)));
  return JSON.stringify(
    likenessOf(ociConfig(spec, facts, mounts, `/lull-1a2b3c4d/${id}.ffff`), id),
  );
}

test('two launches that are confined alike are alike, whatever their token and their name', () => {
  expect(likeness('61000-0a1b2c3d', {}, 'one')).toBe(likeness('61000-99999999', {}, 'another'));
});

test.each<[what: string, change: Partial<SandboxSpec>]>([
  ['its program', { argv: ['./other'] }],
  ['what it may take', { limits: { memoryBytesMax: 9, processesMax: 2, diskBytesMax: 3 } }],
  ['its user', { uid: 61_001 }],
  ['its bundle', { bundleDir: '/var/lib/lull/catalog/def' }],
  ['what it may write', { roots: [{ name: 'r', path: '/srv/r', writable: true }] }],
  ['its environment', { env: new Map([['LANG', 'de_DE.UTF-8']]) }],
])('one is not like another where %s is another', (_what, change) => {
  expect(likeness('61000-0a1b2c3d', change)).not.toBe(likeness('61000-0a1b2c3d'));
});
