import { describe, expect, test } from '@jest/globals';
import { nextAfter, offersOf } from './offers.js';

const offered = (stdout: string) => [...offersOf(stdout, '/usr/bin/tool')];

describe('what a tool offers', () => {
  test.each([
    ['lull-tool 1 install\n', ['install']],
    ['lull-tool 1 download install verify rollback', ['download', 'install', 'verify', 'rollback']],
    ['lull-tool 1  install\tverify \r\n\n', ['install', 'verify']],
  ])('%j', (line, actions) => {
    expect(offered(line)).toEqual(actions);
  });

  test.each([
    ['', 'has to print one line, "lull-tool 1 install", with'],
    ['usage: tool [-h]\n  -h  help\n', 'and printed "usage: tool [-h] -h help"'],
    ['lull-tool 1 install\nand more\n', 'has to print one line'],
    ['\u001b[31mlull-tool\u001b[0m 1 install', 'and printed "lull-tool 1 install"'],
    ['lull-tool 2 install', 'speaks version 2, and this updater speaks 1'],
    ['lull-tool', 'speaks version ?'],
    ['lull-tool 1 install uninstall', 'offers "uninstall"; there are download, install, verify'],
    ['lull-tool 1 verify', 'does not offer install'],
    ['lull-tool 1 constructor', 'offers "constructor"'],
  ])('is refused with words: %j', (line, words) => {
    expect(() => offered(line)).toThrow(words);
    expect(() => offered(line)).toThrow(expect.objectContaining({ reason: 'TOOL_UNFIT' }));
  });
});

test('what follows an action is what the tool offers', () => {
  const all = offersOf('lull-tool 1 download install verify rollback', 't');
  const few = offersOf('lull-tool 1 install', 't');
  expect(nextAfter('download', all)).toBe('install');
  expect(nextAfter('install', all)).toBe('verify');
  expect(nextAfter('install', few)).toBeUndefined();
  expect(nextAfter('verify', all)).toBeUndefined();
  expect(nextAfter('rollback', all)).toBeUndefined();
});
