import { expect, test } from '@jest/globals';
import { tarballsOf } from './closure.js';
import { lockfileOfSingle } from './single.js';

const platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
const target = { name: '@acme/tool', version: '1.1.0' };

const documentWith = (about: Record<string, unknown>): unknown => ({
  versions: {
    '1.1.0': {
      version: '1.1.0',
      dist: { tarball: 'http://registry.test/tool-1.1.0.tgz', integrity },
      ...about,
    },
  },
});

test('a package that needs nothing is its own closure', () => {
  const lockfile = lockfileOfSingle(documentWith({ dependencies: {}, bin: 'tool.js' }), target);
  expect(tarballsOf(lockfile, platform)).toEqual([
    {
      place: 'node_modules/@acme/tool',
      version: '1.1.0',
      url: 'http://registry.test/tool-1.1.0.tgz',
      digests: [{ algorithm: 'sha512', hex: '07'.repeat(64) }],
    },
  ]);
});

test.each([
  ['dependencies', { greeting: '^1.0.0' }],
  ['optionalDependencies', { fsevents: '*' }],
  ['peerDependencies', { react: '*' }],
  ['bundleDependencies', ['greeting']],
  ['bundledDependencies', true],
  ['_hasShrinkwrap', true],
])('with %s npm is asked', (key, value) => {
  expect(lockfileOfSingle(documentWith({ [key]: value }), target)).toBeUndefined();
});

test('what the closure refuses is refused all the same', () => {
  const elsewhere = lockfileOfSingle(documentWith({ os: ['aix'] }), target);
  expect(() => tarballsOf(elsewhere, platform)).toThrow('does not run on this platform');
  const weak = lockfileOfSingle(
    documentWith({ dist: { tarball: 'http://registry.test/x' } }),
    target,
  );
  expect(() => tarballsOf(weak, platform)).toThrow('no digest of node_modules/@acme/tool stronger');
});

test('a document without the version leaves it to npm to say so', () => {
  expect(lockfileOfSingle({ versions: {} }, target)).toBeUndefined();
  expect(lockfileOfSingle(undefined, target)).toBeUndefined();
});
