// File systems that answer late, or never, beside others.

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { distantMountOf, parseDistantMounts } from '../reading/mounts.js';
import { diskFreeProbe } from './disk-free.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';

const ROUND_MS_MAX = 500;

let machine: FakeMachine;
/** How long each path takes to answer; the others answer at once. */
let answersAfterMs: Record<string, number>;
let asked: string[];

beforeEach(() => {
  jest.useFakeTimers();
  machine = createFakeMachine();
  answersAfterMs = {};
  asked = [];
});

afterEach(() => {
  jest.useRealTimers();
  machine.close();
});

const mountLine = (point: string, type: string): string =>
  `36 35 0:40 / ${point} rw,relatime shared:1 - ${type} box:/export rw\n`;

/** Rounds of asking; each is over when whoever asked would have given up. */
function roundsOf(paths: readonly string[]): () => Promise<Record<string, Value>> {
  const probe = diskFreeProbe(
    () => paths,
    machine.procRoot,
    (path) => {
      asked.push(path);
      const afterMs = answersAfterMs[path] ?? 0;
      return new Promise((resolve) => {
        if (afterMs === Infinity) return;
        setTimeout(resolve, afterMs, { bavail: 7n, bsize: 4_096n });
      });
    },
  );
  return async () => {
    const answer = Promise.resolve(probe.measure({ wallMs: 0, monotonicMs: 0 }));
    let isOver = false;
    void answer.then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(ROUND_MS_MAX - 1);
    expect(isOver).toBe(true);
    const values = (await answer).map(({ instance, value }) => [instance, value] as const);
    return Object.fromEntries(values);
  };
}

const free: Value = { kind: 'number', number: 7 * 4_096 };

describe('file systems that hang', () => {
  test('cost their own paths their answer, and not the one on which the machine lives', async () => {
    answersAfterMs = { '/a': Infinity, '/b': Infinity };
    const round = roundsOf(['/a', '/b', '/', '/home']);
    await round();
    for (let again = 0; again < 3; again += 1) {
      const values = await round();
      expect(values['/']).toEqual(free);
      expect(values['/home']).toEqual(free);
      expect(values['/a']?.kind).toBe('unknown');
    }
    expect(asked.filter((path) => path === '/a' || path === '/b')).toHaveLength(2);
  });

  test('are asked once, however many paths lie on them, and leave a thread to everybody else', async () => {
    const box = ['1', '2', '3', '4'].map((name) => `/mnt/box/${name}`);
    const others = ['/mnt/two/x', '/mnt/three/x', '/mnt/four/x'];
    machine.write(
      'proc/self/mountinfo',
      ['box', 'two', 'three', 'four'].map((name) => mountLine(`/mnt/${name}`, 'nfs4')).join(''),
    );
    for (const path of [...box, ...others]) answersAfterMs[path] = Infinity;
    const round = roundsOf([...box, ...others, '/']);
    for (let again = 0; again < 4; again += 1) await round();
    expect((await round())['/']).toEqual(free);
    expect(asked.filter((path) => path !== '/')).toEqual(['/mnt/box/1', '/mnt/two/x']);
    expect((await round())['/mnt/box/3']).toEqual({
      kind: 'unknown',
      why: 'the file system of /mnt/box/1 does not answer',
    });
  });

  test('and answer again are asked again', async () => {
    answersAfterMs = { '/a': 700 };
    const round = roundsOf(['/a', '/']);
    expect((await round())['/a']?.kind).toBe('unknown');
    answersAfterMs = {};
    await jest.advanceTimersByTimeAsync(700);
    expect((await round())['/a']).toEqual(free);
  });
});

test('a path that is not there yet is on the file system of the directory in which it would be made', async () => {
  const exists = new Set(['/srv', '/']);
  const asked: string[] = [];
  const probe = diskFreeProbe(
    () => ['/srv/lull/store', '/hidden/x'],
    machine.procRoot,
    (path) => {
      asked.push(path);
      const code = path.startsWith('/hidden') ? 'EACCES' : 'ENOENT';
      if (exists.has(path)) return Promise.resolve({ bavail: 7n, bsize: 4_096n });
      return Promise.reject(Object.assign(new Error(code), { code }));
    },
  );
  const answer = Promise.resolve(probe.measure({ wallMs: 0, monotonicMs: 0 }));
  await jest.advanceTimersByTimeAsync(ROUND_MS_MAX - 1);
  expect(asked).toEqual(['/srv/lull/store', '/srv/lull', '/srv', '/hidden/x']);
  expect(await answer).toMatchObject([
    { signal: 'disk.free', instance: '/srv/lull/store', value: free },
    {
      instance: '/hidden/x',
      value: { kind: 'unknown', why: expect.stringContaining('/hidden/x') as unknown },
    },
  ]);
});

test('a root that does not exist is a reason, and not asked for ever', async () => {
  const nowhere = Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
  const probe = diskFreeProbe(
    () => ['/a/b'],
    machine.procRoot,
    () => Promise.reject(nowhere),
  );
  const answer = Promise.resolve(probe.measure({ wallMs: 0, monotonicMs: 0 }));
  await jest.advanceTimersByTimeAsync(ROUND_MS_MAX - 1);
  expect(await answer).toMatchObject([
    { value: { kind: 'unknown', why: '/a/b does not exist; create it, or leave it out' } },
  ]);
});

test('what is slow is asked last, and what lies elsewhere does not wait for it', async () => {
  answersAfterMs = { '/slow': 190, '/slower': 190, '/slowest': 190 };
  const round = roundsOf(['/slow', '/slower', '/slowest', '/', '/home']);
  await round();
  const values = await round();
  expect([values['/'], values['/home'], values['/slow']]).toEqual([free, free, free]);
});

test.each([
  ['/mnt/box/tools', '/mnt/box'],
  ['/mnt/box', '/mnt/box'],
  ['/mnt/box/inner/x', '/mnt/box/inner'],
  ['/mnt/boxes', undefined],
  ['/mnt/with space\\/x', '/mnt/with space\\'],
  ['/mnt/tmpnfs/x', undefined],
  ['/cut/x', undefined],
  ['/', undefined],
])('%s lies on %s', (path, point) => {
  const text =
    mountLine('/', 'ext4') +
    mountLine('/mnt/box', 'cifs') +
    mountLine('/mnt/box/inner', 'fuse.sshfs') +
    mountLine('/mnt/with\\040space\\134', 'nfs') +
    mountLine('/mnt/tmpnfs', 'tmpnfs') +
    '37 36 0:41 / /cut rw - nfs';
  expect(distantMountOf(path, parseDistantMounts(text))).toBe(point);
});
