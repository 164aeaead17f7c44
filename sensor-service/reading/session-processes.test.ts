import { describe, expect, test } from '@jest/globals';
import { groupOf, leftUse, parseProcess, sessionUse } from './session-processes.js';

describe('/proc/PID/stat', () => {
  test.each<[string, string, object | undefined]>([
    ['a shell', '7 (bash) S 1 7 7 34819 9 0', { name: 'bash', line: 'pts/3' }],
    ['the five hundredth terminal', '7 (sh) S 1 7 7 1083636 9 0', { name: 'sh', line: 'pts/500' }],
    ['a console', '7 (sh) S 1 7 7 1025 9 0', { name: 'sh', line: 'tty1' }],
    ['the last console', '7 (sh) S 1 7 7 1087 9 0', { name: 'sh', line: 'tty63' }],
    ['a serial line', '7 (sh) S 1 7 7 1088 9 0', { name: 'sh', line: undefined }],
    ['no terminal', '7 ((sd-pam)) S 1 7 7 0 -1 0', { name: '(sd-pam)', line: undefined }],
    ['a name made to mislead', '7 (x) S 1 1 1 34819 (y) S 1 7 7 0 9', { line: undefined }],
    ['the console that stands for the one shown', '7 (sh) S 1 7 7 1024 9 0', { line: undefined }],
    ['another kind of device', '7 (sh) S 1 7 7 1282 9 0', { name: 'sh', line: undefined }],
    ['a name of two lines', '7 (a\nb) S 1 7 7 34819 9 0', { name: 'a\nb', line: 'pts/3' }],
    ['half a line', '7 (bash) S 1', undefined],
    ['garbage', 'x', undefined],
  ])('%s', (_what, text, expected) => {
    if (expected === undefined) expect(parseProcess(text)).toBeUndefined();
    else expect(parseProcess(text)).toMatchObject(expected);
  });
});

const of = (name: string, line?: string) => ({ name, line });

test.each<[string, ReturnType<typeof of>[], object, object]>([
  [
    'a shell in two terminals',
    [of('sshd'), of('bash', 'pts/3'), of('vi', 'pts/3'), of('sh', 'pts/4')],
    { kind: 'terminals', lines: ['pts/3', 'pts/4'] },
    { kind: 'carried' },
  ],
  [
    'a tunnel',
    ['sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'sftp-server'].map((name) => of(name)),
    { kind: 'carried' },
    { kind: 'carried' },
  ],
  ['nothing', [], { kind: 'carried' }, { kind: 'carried' }],
  [
    'a copy',
    [of('sshd'), of('rsync'), of('sh')],
    { kind: 'program', name: 'rsync' },
    { kind: 'carried' },
  ],
  [
    'a name made to mislead',
    [of('\u001b[2J')],
    { kind: 'program', name: '\ufffd[2J' },
    { kind: 'carried' },
  ],
  ...['mosh-server', 'etterminal'].map(
    (name): [string, ReturnType<typeof of>[], object, object] => [
      `${name}, who roams`,
      [of(name), of('bash', 'pts/5')],
      { kind: 'terminals', lines: ['pts/5'] },
      { kind: 'terminals', lines: ['pts/5'] },
    ],
  ),
])('the processes of a session: %s', (_what, processes, use, left) => {
  expect(sessionUse(processes)).toEqual(use);
  expect(leftUse(processes)).toEqual(left);
});

test.each<[string, string, string | undefined]>([
  ['version 2', '0::/user.slice/session-5.scope\n', '/user.slice/session-5.scope'],
  [
    'version 1',
    '5:pids:/x\n1:name=systemd:/user.slice/session-5.scope\n',
    '/systemd/user.slice/session-5.scope',
  ],
  ['version 1, with many controllers', '12:name=systemd:/a/b\n0::/\n', '/systemd/a/b'],
  ['the root', '0::/\n', undefined],
  ['the root of version 1', '1:name=systemd:/\n0::/\n', undefined],
  ['what lies outside of a namespace', '0::/../session-5.scope\n', undefined],
  ['nothing', '', undefined],
])('the group of a process in %s', (_what, text, group) => {
  expect(groupOf(text)).toBe(group);
});
