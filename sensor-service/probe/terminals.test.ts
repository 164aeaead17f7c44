// Who is at terminals, on machines made of files: by utmp, by logind, and by the processes of a session.

import { execFileSync, spawn } from 'node:child_process';
import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import type { UtmpRecord } from '../reading/utmp.js';
import { utmpRecord, utmpType } from '../reading/utmp-record.testing.js';
import { eachWithTerminals, MINUTE, NOW } from './terminals.testing.js';

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

const rig = eachWithTerminals();
const { login, valueOf } = rig;

test('somebody typed over SSH a minute ago', async () => {
  login(MINUTE);
  expect(await valueOf('session.remote')).toEqual(yes);
  expect(await valueOf('login.at')).toEqual({
    kind: 'number',
    number: NOW - 60 * MINUTE,
  });
  expect(rig.sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
});

test.each(['tty1', 'ttyS0', 'hvc0', 'console', 'lxc/tty1'])(
  'somebody who types at the console %s is there',
  async (line) => {
    login(30 * MINUTE);
    rig.machine.write(`dev/${line}`, '');
    const typedAt = new Date(NOW - MINUTE);
    utimesSync(join(rig.machine.dir, 'dev', line), typedAt, typedAt);
    const record = utmpRecord({ type: utmpType.session, line, atMs: NOW - 60 * MINUTE });
    writeFileSync(join(rig.machine.dir, 'run/utmp'), record);
    await valueOf('session.remote');
    expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
  },
);

test.each<[string, () => void]>([
  [
    'utmp tells of one who is idle',
    () => {
      login(30 * MINUTE);
    },
  ],
  ['nobody writes utmp', () => undefined],
])('while logind does not answer and %s, nobody is known to be away', async (_what, write) => {
  write();
  rig.sessions = { silent: 'logind does not answer' };
  expect(await valueOf('session.remote')).toMatchObject({ why: 'logind does not answer' });
  expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'unknown', why: 'logind does not answer' });
  login(MINUTE);
  expect(await valueOf('session.remote')).toEqual(yes);
});

test('an idle session is nobody', async () => {
  login(30 * MINUTE);
  expect(await valueOf('session.remote')).toEqual(no);
  expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 30 * MINUTE });
});

test('a session whose terminal is hidden is unknown while its process lives', async () => {
  login(MINUTE, 4_711);
  rig.machine.remove('dev/pts/3');
  rig.machine.write('proc/4711/stat', 'x');
  expect((await valueOf('session.remote')).kind).toBe('unknown');
  expect(rig.sensed.at(-1)?.verdict.kind).toBe('unknown');
  rig.machine.remove('proc/4711');
  expect(await valueOf('session.remote')).toEqual(no);
});

test('where nobody writes utmp, logind names the sessions, and their terminals are looked at', async () => {
  login(MINUTE);
  rig.machine.remove('run/utmp');
  const session = { kind: 'session', pid: 1, line: 'pts/3', isRemote: true } as const;
  rig.sessions = [{ ...session, atMs: NOW - 30 * MINUTE }];
  expect(await valueOf('session.remote')).toEqual(yes);
  expect(await valueOf('login.at')).toEqual({
    kind: 'number',
    number: NOW - 30 * MINUTE,
  });
  expect(rig.sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
  const long = new Date(NOW - 30 * MINUTE);
  utimesSync(join(rig.machine.dir, 'dev/pts/3'), long, long);
  expect(await valueOf('session.remote')).toEqual(no);
  rig.sessions = [];
  expect(await valueOf('session.remote')).toEqual(no);
});

test.each<[string, string | undefined]>([
  ['missing', undefined],
  ['empty', ''],
  ['garbage', 'x'.repeat(1_000)],
])('utmp that is %s is not "nobody there"', async (_what, text) => {
  if (text !== undefined) rig.machine.write('run/utmp', text);
  expect((await valueOf('session.remote')).kind).toBe('unknown');
  expect(rig.sensed.at(-1)?.verdict.kind).toBe('unknown');
});

test('a FIFO in the place of utmp, to which nobody writes, holds up nothing', async () => {
  rig.machine.write('run/here', '');
  const path = join(rig.machine.dir, 'run/utmp');
  execFileSync('mkfifo', [path]);
  // Whoever waits for it goes on when this opens it.
  const writer = spawn('sh', ['-c', `sleep 3; : > ${path}`], { stdio: 'ignore' });
  try {
    const startMs = performance.now();
    expect((await valueOf('session.remote')).kind).toBe('unknown');
    expect(performance.now() - startMs).toBeLessThan(2_000);
  } finally {
    writer.kill('SIGKILL');
  }
});

describe('a session of sshd that logind knows without its terminal', () => {
  const scope = '/user.slice/user-1000.slice/session-5.scope';
  const LEADER = 4_000;
  const PTS_3 = 136 * 256 + 3;

  /** Its processes, each with its name and the number of its terminal; and since when it is open. */
  function open(
    processes: readonly [name: string, terminal: number][],
    agoMs = 30 * MINUTE,
    more: Partial<UtmpRecord> = {},
  ): void {
    const session = { kind: 'session', line: '', isRemote: true, unnamed: 'asked' } as const;
    rig.sessions = [{ ...session, pid: LEADER, atMs: NOW - agoMs, ...more }];
    rig.machine.write(`proc/${String(LEADER)}/cgroup`, `0::${scope}\n`);
    const pids = processes.map((_each, n) => LEADER + n);
    rig.machine.write(`sys/fs/cgroup${scope}/cgroup.procs`, `${pids.join('\n')}\n`);
    processes.forEach(([name, terminal], n) => {
      const pid = String(LEADER + n);
      rig.machine.write(`proc/${pid}/stat`, `${pid} (${name}) S 1 1 1 ${String(terminal)} 7 0\n`);
    });
  }

  function typed(agoMs: number): void {
    rig.machine.write('dev/pts/3', '');
    const typedAt = new Date(NOW - agoMs);
    utimesSync(join(rig.machine.dir, 'dev/pts/3'), typedAt, typedAt);
  }

  const shell: [string, number][] = [
    ['sshd', 0],
    ['sshd', 0],
    ['bash (a name) ', PTS_3],
  ];

  test.each([['and nobody writes utmp'], ['and utmp does not tell of it']])(
    '%s: an admin who types is there, and has been away since the last key',
    async (utmp) => {
      if (utmp.includes('does not')) {
        const boot = utmpRecord({ type: utmpType.boot, atMs: NOW - 99 * MINUTE });
        rig.machine.write('run/utmp', '');
        writeFileSync(join(rig.machine.dir, 'run/utmp'), boot);
      }
      open(shell);
      typed(MINUTE);
      expect(await valueOf('session.remote')).toEqual(yes);
      expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
      typed(11 * MINUTE);
      expect(await valueOf('session.remote')).toEqual(no);
      expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 11 * MINUTE });
    },
  );

  test('whose terminal utmp tells of is looked at once, by its record', async () => {
    login(30 * MINUTE, LEADER);
    open([['sshd', 0]]);
    rig.machine.remove(`proc/${String(LEADER)}/cgroup`);
    expect(await valueOf('session.remote')).toEqual(no);
  });

  test.each<[string, [string, number][], number]>([
    [
      'a tunnel',
      [
        ['sshd', 0],
        ['sshd-session', 0],
      ],
      600 * MINUTE,
    ],
    [
      'files that are fetched',
      [
        ['sshd', 0],
        ['sftp-server', 0],
      ],
      600 * MINUTE,
    ],
    [
      'a check that takes a moment',
      [
        ['sshd', 0],
        ['check_disk', 0],
      ],
      59_000,
    ],
  ])('that has none is nobody where it is %s', async (_what, processes, agoMs) => {
    open(processes, agoMs);
    expect(await valueOf('session.remote')).toEqual(no);
    // Nor does its beginning count as a sign of anybody.
    expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 99 * MINUTE });
  });

  test('that runs an editor, or a backup, without one leaves it unknown who works there', async () => {
    open([
      ['sshd', 0],
      ['node', 0],
    ]);
    expect(await valueOf('session.remote')).toMatchObject({
      why: expect.stringMatching(/^node runs in a session that has no terminal/) as unknown,
    });
    expect(rig.sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  test.each<[string, () => void]>([
    [
      'whose processes are not seen',
      () => {
        rig.machine.remove(`proc/${String(LEADER)}`);
      },
    ],
    [
      'whose group is not seen',
      () => {
        rig.machine.remove('sys/fs/cgroup');
      },
    ],
    [
      'which is listed in another namespace',
      () => {
        rig.machine.write(`sys/fs/cgroup${scope}/cgroup.procs`, '0\n0\n');
      },
    ],
    [
      'whose group is everybody’s',
      () => {
        rig.machine.write(`proc/${String(LEADER)}/cgroup`, '0::/\n');
      },
    ],
    [
      'whose group lies outside of the namespace',
      () => {
        rig.machine.write(`proc/${String(LEADER)}/cgroup`, '0::/../../session-5.scope\n');
      },
    ],
  ])('%s is unknown', async (_what, hide) => {
    open(shell);
    typed(30 * MINUTE);
    hide();
    expect((await valueOf('session.remote')).kind).toBe('unknown');
    expect(rig.sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  describe.each([
    ['has not said so', 'asked'],
    ['says that it closes', 'left'],
  ] as const)('whose connection has ended, where logind %s,', (_when, unnamed) => {
    const leftOver = (...processes: [string, number][]): void => {
      open([['sshd', 0], ...processes], 30 * MINUTE, { unnamed, group: scope });
      rig.machine.remove(`proc/${String(LEADER)}`);
    };

    test('is nobody, whatever goes on in it', async () => {
      leftOver(['tmux: server', 0], ['bash', PTS_3], ['node', 0]);
      typed(MINUTE);
      expect(await valueOf('session.remote')).toEqual(no);
      expect(rig.sensed.at(-1)?.verdict.kind).toBe('away');
    });

    test('is somebody who roams, while they type', async () => {
      leftOver(['mosh-server', 0], ['bash', PTS_3]);
      typed(MINUTE);
      expect(await valueOf('session.remote')).toEqual(yes);
      expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
      typed(11 * MINUTE);
      expect(await valueOf('session.remote')).toEqual(no);
      expect(rig.sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 11 * MINUTE });
    });

    test('is nobody where its processes are not seen either', async () => {
      leftOver(['tmux: server', 0]);
      rig.machine.remove('sys/fs/cgroup');
      expect(await valueOf('session.remote')).toEqual(no);
    });
  });

  test('and one in a browser may be used without any', async () => {
    rig.sessions = [
      { kind: 'session', pid: 1, line: '', isRemote: true, atMs: NOW, unnamed: 'never' },
    ];
    expect((await valueOf('session.remote')).kind).toBe('unknown');
  });
});
