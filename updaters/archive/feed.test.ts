import { describe, expect, test } from '@jest/globals';
import { readFeed, requireOffers } from './feed.js';
import { chooseOffer, digestText, type SafeOffer } from './offer.js';
import { readVersion } from './version.js';
import { wantedOf } from './wanted.js';

const hex = 'ab'.repeat(32);
const strong = { algorithm: 'sha256', hex } as const;
const settings = {
  root: '/opt/tool',
  feed: 'https://a.example/feed',
  files: 'https://a.example/files',
  redirect: 'https://b.example/',
  asset: 'tool-{version}-linux.tar.gz',
  program: 'bin/tool',
  key: 'none',
};

function wantedWith(changes: Partial<typeof settings> = {}): ReturnType<typeof wantedOf> {
  return wantedOf(new Map(Object.entries({ ...settings, ...changes })));
}

function target(text: string, installed?: string, asset = settings.asset): SafeOffer | undefined {
  const wanted = wantedWith({ asset });
  const version = installed === undefined ? undefined : readVersion(installed);
  return chooseOffer(requireOffers(readFeed(text, wanted), wanted), version);
}

const asset = (version: string, more: object = {}): object => ({
  name: `tool-${version}-linux.tar.gz`,
  browser_download_url: `https://a.example/files/v${version}/tool-${version}-linux.tar.gz`,
  digest: `sha256:${hex}`,
  size: 1_000,
  ...more,
});
const release = (version: string, more: object = {}, of: object = {}): object => ({
  tag_name: `v${version}`,
  html_url: `https://a.example/releases/v${version}`,
  prerelease: false,
  draft: false,
  assets: [{ name: 'tool.sbom', digest: `sha256:${hex}` }, asset(version, of)],
  ...more,
});
const releases = (...list: object[]): string => JSON.stringify(list);

describe('of releases', () => {
  test('the newest is taken, with all that is said of it', () => {
    expect(target(releases(release('1.9.0'), release('1.10.0')), '1.8.0')).toEqual({
      version: '1.10.0',
      name: 'tool-1.10.0-linux.tar.gz',
      url: 'https://a.example/files/v1.10.0/tool-1.10.0-linux.tar.gz',
      digest: strong,
      sizeBytes: 1_000,
      notesUrl: 'https://a.example/releases/v1.10.0',
    });
  });

  const cases: [string, string, string | undefined, string | undefined][] = [
    ['the last one alone is a list of one', JSON.stringify(release('1.0.0')), undefined, '1.0.0'],
    ['none is newer than what is there', releases(release('1.0.0')), '1.0.0', undefined],
    ['all are older: it never goes down', releases(release('1.0.0')), '2.0.0', undefined],
    ['one is newer than the prerelease there', releases(release('2.0.0')), '2.0.0-rc.1', '2.0.0'],
    [
      'a prerelease by its release is left out',
      releases(release('2.0.0', { prerelease: true }), release('1.1.0')),
      '1.0.0',
      '1.1.0',
    ],
    [
      'a draft is left out',
      releases(release('2.0.0', { draft: true }), release('1.1.0')),
      '1.0.0',
      '1.1.0',
    ],
    [
      'a prerelease by its version is left out',
      releases(release('2.0.0-rc.1')),
      '1.0.0',
      undefined,
    ],
    [
      'one without this file yet is passed over',
      releases(release('2.0.0', { assets: [{ name: 'tool-2.0.0-mac.tar.gz' }] }), release('1.1.0')),
      '1.0.0',
      '1.1.0',
    ],
    [
      'a digest of SHA-512 is taken',
      releases(release('1.0.0', {}, { digest: `sha512:${'cd'.repeat(64)}` })),
      undefined,
      '1.0.0',
    ],
  ];
  test.each(cases)('%s', (_name, text, installed, version) => {
    expect(target(text, installed)?.version).toBe(version);
  });

  test('the tag says the version where the name does not', () => {
    const one = release('1.7.1', {}, { name: 'tool-linux' });
    expect(target(releases(one), '1.6.0', 'tool-linux')?.version).toBe('1.7.1');
  });

  test.each([
    ['without a digest', { digest: null }],
    ['with one of MD5', { digest: `md5:${'ab'.repeat(16)}` }],
    ['with one of SHA-1', { digest: `sha1:${'ab'.repeat(20)}` }],
    ['with one that is cut off', { digest: `sha256:${hex.slice(2)}` }],
  ])('a file %s is refused, if it is newer', (_name, of) => {
    const text = releases(release('2.0.0', {}, of));
    expect(() => target(text, '1.0.0')).toThrow(
      expect.objectContaining({ reason: 'DIGEST_MISSING', retry: false }),
    );
    expect(target(text, '2.0.0')).toBeUndefined();
  });

  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'https://a b/', 'x'.repeat(3_000)])(
    'an address like %.20s is none',
    (url) => {
      const text = releases(release('2.0.0', {}, { browser_download_url: url }), release('1.1.0'));
      expect(target(text, '1.0.0')?.version).toBe('1.1.0');
    },
  );
});

test('as Go lists its own, files lie below the setting, and what is not stable is left out', () => {
  const go = (version: string, stable: boolean): object => ({
    version: `go${version}`,
    stable,
    files: [{ filename: `go${version}.linux-amd64.tar.gz`, sha256: hex, size: 5, kind: 'archive' }],
  });
  const text = releases(go('1.24', false), go('1.23.2', true));
  expect(target(text, '1.22.5', 'go{version}.linux-amd64.tar.gz')).toEqual({
    version: '1.23.2',
    name: 'go1.23.2.linux-amd64.tar.gz',
    url: 'https://a.example/files/go1.23.2.linux-amd64.tar.gz',
    digest: strong,
    sizeBytes: 5,
  });
});

describe('of a file of checksums', () => {
  const cases: [string, string, string | undefined][] = [
    [
      'lines of sha256sum',
      `${hex}  tool-1.0.0-linux.tar.gz\n${hex}  tool-1.1.0-linux.tar.gz\n`,
      '1.1.0',
    ],
    ['binary ones', `${hex} *tool-1.1.0-linux.tar.gz\r\n`, '1.1.0'],
    ['with a dot before', `${hex}  ./tool-1.1.0-linux.tar.gz\n`, '1.1.0'],
    ['lines of BSD', `SHA256 (tool-1.1.0-linux.tar.gz) = ${hex}\n`, '1.1.0'],
    ['of sha512sum', `${'cd'.repeat(64)}  tool-1.1.0-linux.tar.gz\n`, '1.1.0'],
    ['with comments between', `# hello\n\n${hex}  tool-1.1.0-linux.tar.gz\n-----BEGIN`, '1.1.0'],
    [
      'with what is elsewhere',
      `${hex}  ../tool-2.0.0-linux.tar.gz\n${hex}  tool-1.1.0-linux.tar.gz`,
      '1.1.0',
    ],
    ['of this version', `${hex}  tool-1.0.0-linux.tar.gz\n`, undefined],
  ];
  test.each(cases)('%s are read', (_name, text, version) => {
    expect(target(text, '1.0.0')?.version).toBe(version);
  });

  test('the file lies below the setting', () => {
    const found = target(`${hex}  tool-1.1.0+x-linux.tar.gz`, '1.0.0');
    expect(found?.url).toBe('https://a.example/files/tool-1.1.0%2Bx-linux.tar.gz');
  });

  test('the file lies beside the feed, where that is below the setting', () => {
    const feed = 'https://a.example/o/r/releases/latest/download/SHA256SUMS';
    const wanted = wantedWith({ feed, files: 'https://a.example/o/r/releases' });
    const [offer] = readFeed(`${hex}  tool-1.1.0-linux.tar.gz`, wanted).offers;
    expect(offer?.url).toBe(
      'https://a.example/o/r/releases/latest/download/tool-1.1.0-linux.tar.gz',
    );
  });

  test('a checksum of MD5 is refused', () => {
    expect(() => target(`${'ab'.repeat(16)}  tool-1.1.0-linux.tar.gz`, '1.0.0')).toThrow(
      expect.objectContaining({ reason: 'DIGEST_MISSING' }),
    );
  });

  test('needs the version in the name', () => {
    expect(() => target(`${hex}  tool-linux`, '1.0.0', 'tool-linux')).toThrow('wants {version}');
  });
});

test.each([
  ['nothing', ''],
  ['a page', '<!DOCTYPE html><title>Sign in</title>'],
  ['JSON of something else', '{"message": "Not Found"}'],
  ['JSON that is cut off', '[{"assets": ['],
  ['a list of nonsense', '[null, 1, "x", {"assets": 7}, {"assets": [null, {"name": 5}]}]'],
  ['JSON with a prototype', '{"__proto__": {"assets": [{"name": "tool-9-linux.tar.gz"}]}}'],
  ['what would fool a terminal', `[{"assets": [{"name": "\\u001b[2Jtool"}]}]`],
  ['bytes', '\u0000\u0001\ufffd'.repeat(100)],
])('%s is no feed, and looked at again later', (_name, text) => {
  expect(() => target(text, '1.0.0')).toThrow(
    expect.objectContaining({ reason: 'UPSTREAM_DOWN', retry: true }),
  );
});

test('where no file is for this machine, it says which there are', () => {
  const text = releases(release('1.0.0', { assets: [{ name: 'tool-1.0.0-mac.zip' }] }));
  expect(() => target(text)).toThrow(
    expect.objectContaining({ reason: 'ASSET_MISSING', retry: false }),
  );
  expect(() => target(text)).toThrow('It has tool-1.0.0-mac.zip');
});

test('a digest of any strength fits into an update', () => {
  expect(digestText({ algorithm: 'sha512', hex: 'cd'.repeat(64) }).length).toBeLessThanOrEqual(128);
});

describe('settings', () => {
  test.each<[string, Partial<typeof settings>, string]>([
    ['none', { asset: '' }, 'the setting "asset" has no value'],
    [
      'a path for a name',
      { asset: '../{version}' },
      'the setting "asset" wants the name of a file',
    ],
    [
      'a program outside',
      { program: '../sh' },
      'the setting "program" wants a file below the root',
    ],
    ['a program of the machine', { program: '/bin/sh' }, 'the setting "program" wants'],
    ['a program beyond', { program: 'bin/..' }, 'the setting "program" wants'],
  ])('%s', (_name, changes, words) => {
    expect(() => wantedWith(changes)).toThrow(words);
  });
});
