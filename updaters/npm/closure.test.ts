import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { tarballsOf } from './closure.js';

const platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };
const sri = (algorithm: string): string =>
  `${algorithm}-${createHash(algorithm).update('x').digest('base64')}`;
const hex = (algorithm: string): string => createHash(algorithm).update('x').digest('hex');

const entry = (more: object = {}): object => ({
  version: '1.0.0',
  resolved: 'https://registry.example/x.tgz',
  integrity: sri('sha512'),
  ...more,
});
const lockfile = (packages: Record<string, unknown>): unknown => ({
  lockfileVersion: 3,
  packages: { '': { name: 'lull-update' }, ...packages },
});
const places = (packages: Record<string, unknown>): string[] =>
  tarballsOf(lockfile(packages), platform).map(({ place }) => place);

describe('the tarballs of a lockfile', () => {
  test('have their place, address and digests in hexadecimal', () => {
    const packages = {
      'node_modules/@a/b': entry({ integrity: `${sri('sha1')} ${sri('sha512')}` }),
    };
    expect(tarballsOf(lockfile(packages), platform)).toEqual([
      {
        place: 'node_modules/@a/b',
        version: '1.0.0',
        url: 'https://registry.example/x.tgz',
        digests: [
          { algorithm: 'sha512', hex: hex('sha512') },
          { algorithm: 'sha1', hex: hex('sha1') },
        ],
      },
    ]);
  });

  test('leave out what lies in the tarball of another package', () => {
    const bundled = { version: '1.0.0', inBundle: true };
    expect(places({ 'node_modules/a': entry(), 'node_modules/a/node_modules/b': bundled })).toEqual(
      ['node_modules/a'],
    );
  });

  const optional: [string, object, boolean][] = [
    ['another system', { os: ['darwin', 'win32'] }, false],
    ['this system', { os: ['linux'] }, true],
    ['every system but this one', { os: ['!linux'] }, false],
    ['every system but another one', { os: ['!win32'] }, true],
    ['another processor', { cpu: ['arm64'] }, false],
    ['any processor', { cpu: ['any'] }, true],
    ['another C library', { libc: ['musl'] }, false],
    ['one system, not as a list', { os: 'linux' }, true],
  ];
  test.each(optional)('an optional package for %s', (_name, more, expected) => {
    const packages = { 'node_modules/a': entry({ optional: true, ...more }) };
    expect(places(packages)).toEqual(expected ? ['node_modules/a'] : []);
  });

  const refused: [string, Record<string, unknown>, string][] = [
    [
      'a digest of SHA-1 alone',
      { 'node_modules/a': entry({ integrity: sri('sha1') }) },
      'DIGEST_TOO_WEAK',
    ],
    ['no digest', { 'node_modules/a': entry({ integrity: undefined }) }, 'DIGEST_TOO_WEAK'],
    ['a link', { 'node_modules/a': { link: true, resolved: '../a' } }, 'SOURCE_UNSUPPORTED'],
    [
      'git',
      { 'node_modules/a': entry({ resolved: 'git+ssh://git@example/a' }) },
      'SOURCE_UNSUPPORTED',
    ],
    ['a file', { 'node_modules/a': entry({ resolved: 'file:../a.tgz' }) }, 'SOURCE_UNSUPPORTED'],
    [
      'a required package for another system',
      { 'node_modules/a': entry({ os: ['aix'] }) },
      'PLATFORM_UNSUPPORTED',
    ],
    ['a way out', { 'node_modules/../../a': entry() }, 'UPDATER_ERROR'],
    ['a place outside of node_modules', { 'src/a': entry() }, 'UPDATER_ERROR'],
  ];
  test.each(refused)('are refused with %s', (_name, packages, reason) => {
    let thrown: unknown;
    try {
      places(packages);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ reason });
  });

  test('are refused when npm wrote something else', () => {
    expect(() => tarballsOf({ dependencies: {} }, platform)).toThrow('lockfile of an unknown form');
  });
});
