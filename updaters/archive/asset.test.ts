import { describe, expect, test } from '@jest/globals';
import { packingOf, readPattern, versionIn } from './asset.js';

describe('the version', () => {
  const cases: [string, string, string | undefined, string | undefined][] = [
    ['tool-{version}.tar.gz', 'tool-1.2.3.tar.gz', undefined, '1.2.3'],
    ['tool-{version}.tar.gz', 'tool-v1.2.3.tar.gz', undefined, '1.2.3'],
    ['tool-{version}.tar.gz', 'tool-1.2.3-rc.1.tar.gz', undefined, '1.2.3-rc.1'],
    ['tool-{version}.tar.gz', 'tool-latest.tar.gz', undefined, undefined],
    ['tool-{version}.tar.gz', 'tool-.tar.gz', undefined, undefined],
    ['tool-{version}.tar.gz', 'other-1.2.3.tar.gz', undefined, undefined],
    ['tool-{version}.tar.gz', 'tool-1.2.3.tar.gz.asc', undefined, undefined],
    ['tool-{version}.tar.gz', 'tool-1/../../x.tar.gz', undefined, undefined],
    ['tool_{version}_linux_amd64', 'tool_1.2.3_linux_arm64', undefined, undefined],
    ['node-v{version:22}-linux-x64.tar.xz', 'node-v22.1.0-linux-x64.tar.xz', undefined, '22.1.0'],
    ['node-v{version:22}-linux-x64.tar.xz', 'node-v24.1.0-linux-x64.tar.xz', undefined, undefined],
    ['jq-linux-amd64', 'jq-linux-amd64', 'jq-1.7.1', '1.7.1'],
    ['cli-linux', 'cli-linux', 'cli/v2.0.0', '2.0.0'],
    ['cli-linux', 'cli-linux', 'v3.1.0-rc2', '3.1.0-rc2'],
    ['cli-linux', 'cli-linux', 'nightly', undefined],
    ['cli-linux', 'cli-linux', undefined, undefined],
    ['cli-linux', 'cli-linux.sha256', 'v1.0.0', undefined],
  ];
  test.each(cases)('by %s in %s of %s is %s', (text, name, tag, version) => {
    const pattern = readPattern(text);
    expect(pattern && versionIn(pattern, name, tag)).toBe(version);
  });
});

test.each([
  ...['', '../x-{version}', 'a/b-{version}', '{version}{version}', 'x-{Version}', '{version}'],
  ...['x-{version:}', 'x-{version:a}', 'x y'],
])('"%s" names no file', (text) => {
  expect(readPattern(text)).toBeUndefined();
});

test.each([
  ['x-1.0.tar.gz', 'tar', 'gzip'],
  ['x-1.0.tgz', 'tar', 'gzip'],
  ['x-1.0.tar.xz', 'tar', 'xz'],
  ['x-1.0.txz', 'tar', 'xz'],
  ['x-1.0.tar.zst', 'tar', 'zstd'],
  ['x-1.0.tar.bz2', 'tar', 'bzip2'],
  ['x-1.0.tar', 'tar', undefined],
  ['x-1.0.zip', 'zip', undefined],
  ['restic_1.0_linux_amd64.bz2', undefined, 'bzip2'],
  ['x-1.0.gz', undefined, 'gzip'],
  ['kubectl', undefined, undefined],
  ['x-1.0.AppImage', undefined, undefined],
])('%s is a %s with %s', (name, archive, compression) => {
  expect(packingOf(name)).toEqual({ archive, compression });
});
