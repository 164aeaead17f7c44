import { describe, expect, test } from '@jest/globals';
import { groupOf, parseProcess } from './session-processes.js';

describe('/proc/PID/stat', () => {
  test.each<[string, string, object | undefined]>([
    ['a shell', '7 (bash) S 1 7 7 34819 9 0', { name: 'bash', line: 'pts/3' }],
    ['the five hundredth terminal', '7 (sh) S 1 7 7 1083636 9 0', { name: 'sh', line: 'pts/500' }],
    ['a console', '7 (sh) S 1 7 7 1025 9 0', { name: 'sh', line: 'tty1' }],
    ['a serial line', '7 (sh) S 1 7 7 1088 9 0', { name: 'sh', line: undefined }],
    ['no terminal', '7 ((sd-pam)) S 1 7 7 0 -1 0', { name: '(sd-pam)', line: undefined }],
    ['a name made to mislead', '7 (x) S 1 1 1 34819 (y) S 1 7 7 0 9', { line: undefined }],
    ['half a line', '7 (bash) S 1', undefined],
    ['garbage', 'x', undefined],
  ])('%s', (_what, text, expected) => {
    if (expected === undefined) expect(parseProcess(text)).toBeUndefined();
    else expect(parseProcess(text)).toMatchObject(expected);
  });
});

test.each<[string, string, string | undefined]>([
  ['version 2', '0::/user.slice/session-5.scope\n', '/user.slice/session-5.scope'],
  [
    'version 1',
    '5:pids:/x\n1:name=systemd:/user.slice/session-5.scope\n',
    '/systemd/user.slice/session-5.scope',
  ],
  ['the root', '0::/\n', undefined],
  ['the root of version 1', '1:name=systemd:/\n0::/\n', undefined],
  ['what lies outside of a namespace', '0::/../session-5.scope\n', undefined],
  ['nothing', '', undefined],
])('the group of a process in %s', (_what, text, group) => {
  expect(groupOf(text)).toBe(group);
});
