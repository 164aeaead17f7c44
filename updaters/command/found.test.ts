import { describe, expect, test } from '@jest/globals';
import { isNameable, updatesIn } from './found.js';

const found = (stdout: string) => updatesIn(stdout, 'install', 'root');

describe('a scan', () => {
  test('of nothing finds nothing', () => {
    expect(found('')).toEqual([]);
    expect(found('\n\n')).toEqual([]);
  });

  test('of two words a line finds updates', () => {
    const common = { nextAction: 'install', conflictKeys: ['root'] };
    expect(found('a\t1\r\n@b/c:d\t2.0+x')).toEqual([
      { id: 'a', title: 'a 1', toVersion: '1', ...common },
      { id: '@b/c:d', title: '@b/c:d 2.0+x', toVersion: '2.0+x', ...common },
    ]);
  });

  test('may say more of each', () => {
    const line = [
      ...['a', '2', 'from=1', 'title=A = b\u001b[1m!\u001b[0m', 'digest=sha256:00', 'security=yes'],
      ...['severity=critical', 'notes=https://example.com/?a=b', 'download_bytes=10'],
      ...['install_bytes=20', 'expected_s=30', 'closed_app=/usr/bin/a', 'closed_app=flatpak:b'],
    ].join('\t');
    expect(found(line)).toMatchObject([
      {
        ...{ fromVersion: '1', title: 'A = b!', digest: 'sha256:00', security: true },
        ...{ severity: 'critical', releaseNotesUrl: 'https://example.com/?a=b' },
        ...{ downloadBytes: 10, installBytes: 20, expectedS: 30 },
        needs: { closedApps: ['/usr/bin/a', 'flatpak:b'] },
      },
    ]);
  });

  test('takes an empty value for none, as a script writes it', () => {
    expect(found('a\t1\tfrom=\tdigest=')).toEqual(found('a\t1'));
  });

  const many = Array.from({ length: 2_001 }, (_, at) => `a${String(at)}\t1`).join('\n');
  test.each([
    ['a 1', 'line 1 of its scan: "a 1" is no id'],
    ['\t1', '"" is no id'],
    ['-rf\t1', '"-rf" is no id'],
    ['ä\t1', '"ä" is no id'],
    ['\ufffd\t1', 'is no id'],
    [`${'a'.repeat(129)}\t1`, 'is no id'],
    ['b\t1\na', 'line 2 of its scan: "" is no version'],
    ['a\t--force', '"--force" is no version'],
    ['a\t1 2', '"1 2" is no version'],
    [`a\t${'1'.repeat(65)}`, 'is no version'],
    ['a\t1\na\t2', 'a is there twice'],
    ['a\t1\ta title', '"a title" is no NAME=VALUE with one of title, from, digest'],
    ['a\t1\t', '"" is no NAME=VALUE'],
    ['a\t1\tconstructor=1', 'is no NAME=VALUE'],
    ['a\t1\tfrom=-1', 'from cannot be "-1"'],
    ['a\t1\tseverity=huge', 'severity cannot be "huge"'],
    ['a\t1\tsecurity=1', 'security cannot be'],
    ['a\t1\tnotes=file:///etc/passwd', 'notes cannot be'],
    ['a\t1\tdownload_bytes=1e9', 'download_bytes cannot be'],
    ['a\t1\tinstall_bytes=9999999999999999', 'install_bytes cannot be'],
    ['a\t1\texpected_s=-1', 'expected_s cannot be'],
    [`a\t1${'\tclosed_app=/a'.repeat(17)}`, 'closed_app cannot be'],
    [many, 'more than 2000 updates'],
  ])('is refused as a whole: %.40j', (stdout, words) => {
    expect(() => found(stdout)).toThrow(words);
    const failure = { reason: 'TOOL_GARBLED', retry: true };
    expect(() => found(stdout)).toThrow(expect.objectContaining(failure));
  });
});

test('what comes back from the host becomes an argument only where it is none of an option', () => {
  expect(isNameable({ id: 'a', toVersion: '1' })).toBe(true);
  expect(isNameable({ id: '--help', toVersion: '1' })).toBe(false);
  expect(isNameable({ id: 'a', toVersion: '-1' })).toBe(false);
});
