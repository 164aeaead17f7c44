// Who is at terminals, on machines made of files: by utmp, by logind, and by the processes of a session.

import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Signal, Value } from '../../conditions/reading.js';
import type { Instant } from '../reading/measurement.js';
import { foldPresence, type PresenceSignal } from '../reading/presence.js';
import type { Logins, UtmpRecord } from '../reading/utmp.js';
import { utmpRecord, utmpType } from '../reading/utmp-record.testing.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';
import type { Probe } from './probe.js';
import { terminalsProbe } from './terminals.js';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const at = (ms: number): Instant => ({ wallMs: NOW + ms, monotonicMs: ms });

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

async function valueOf(probe: Probe, signal: Signal): Promise<Value> {
  const measured = await probe.measure(at(0));
  const found = measured.find((each) => each.signal === signal);
  if (found === undefined) throw new Error(`${probe.name} said nothing of ${signal}`);
  return found.value;
}

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

let sensed: PresenceSignal[];
let sessions: Logins;

function probe(): Probe {
  const { dir: root, procRoot, sysRoot } = machine;
  return terminalsProbe({
    ...{ root, procRoot, sysRoot },
    arch: 'x64',
    onClockNow: (instantMs) => instantMs,
    sense: (signal) => sensed.push(signal),
    sessions: () => sessions,
  });
}

function login(agoMs: number, pid = 1): void {
  machine.write('dev/pts/3', '');
  const typedAt = new Date(NOW - agoMs);
  utimesSync(join(machine.dir, 'dev/pts/3'), typedAt, typedAt);
  const record = utmpRecord({
    type: utmpType.session,
    pid,
    line: 'pts/3',
    host: 'far.example',
    atMs: NOW - 60 * MINUTE,
  });
  machine.write('run/utmp', '');
  writeFileSync(join(machine.dir, 'run/utmp'), record);
}

beforeEach(() => {
  sensed = [];
  sessions = undefined;
  machine.write('proc/stat', `cpu 1\nbtime ${String((NOW - 99 * MINUTE) / 1_000)}\n`);
});

test('somebody typed over SSH a minute ago', async () => {
  login(MINUTE);
  expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
  expect(await valueOf(probe(), 'login.at')).toEqual({
    kind: 'number',
    number: NOW - 60 * MINUTE,
  });
  expect(sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
});

test.each(['tty1', 'ttyS0', 'hvc0', 'console', 'lxc/tty1'])(
  'somebody who types at the console %s is there',
  async (line) => {
    login(30 * MINUTE);
    machine.write(`dev/${line}`, '');
    const typedAt = new Date(NOW - MINUTE);
    utimesSync(join(machine.dir, 'dev', line), typedAt, typedAt);
    const record = utmpRecord({ type: utmpType.session, line, atMs: NOW - 60 * MINUTE });
    writeFileSync(join(machine.dir, 'run/utmp'), record);
    await valueOf(probe(), 'session.remote');
    expect(sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
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
  sessions = { silent: 'logind does not answer' };
  expect(await valueOf(probe(), 'session.remote')).toMatchObject({ why: 'logind does not answer' });
  expect(sensed.at(-1)?.verdict).toEqual({ kind: 'unknown', why: 'logind does not answer' });
  login(MINUTE);
  expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
});

test('an idle session is nobody', async () => {
  login(30 * MINUTE);
  expect(await valueOf(probe(), 'session.remote')).toEqual(no);
  expect(sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 30 * MINUTE });
});

test('a session whose terminal is hidden is unknown while its process lives', async () => {
  login(MINUTE, 4_711);
  machine.remove('dev/pts/3');
  machine.write('proc/4711/stat', 'x');
  expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
  machine.remove('proc/4711');
  expect(await valueOf(probe(), 'session.remote')).toEqual(no);
});

test('where nobody writes utmp, logind names the sessions, and their terminals are looked at', async () => {
  login(MINUTE);
  machine.remove('run/utmp');
  const session = { kind: 'session', pid: 1, line: 'pts/3', isRemote: true } as const;
  sessions = [{ ...session, atMs: NOW - 30 * MINUTE }];
  expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
  expect(await valueOf(probe(), 'login.at')).toEqual({
    kind: 'number',
    number: NOW - 30 * MINUTE,
  });
  expect(sensed.at(-1)).toMatchObject({ places: ['terminals'], verdict: { kind: 'engaged' } });
  const long = new Date(NOW - 30 * MINUTE);
  utimesSync(join(machine.dir, 'dev/pts/3'), long, long);
  expect(await valueOf(probe(), 'session.remote')).toEqual(no);
  sessions = [];
  expect(await valueOf(probe(), 'session.remote')).toEqual(no);
});

test.each<[string, string | undefined]>([
  ['missing', undefined],
  ['empty', ''],
  ['garbage', 'x'.repeat(1_000)],
])('utmp that is %s is not "nobody there"', async (_what, text) => {
  if (text !== undefined) machine.write('run/utmp', text);
  expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
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
    sessions = [{ ...session, pid: LEADER, atMs: NOW - agoMs, ...more }];
    machine.write(`proc/${String(LEADER)}/cgroup`, `0::${scope}\n`);
    const pids = processes.map((_each, n) => LEADER + n);
    machine.write(`sys/fs/cgroup${scope}/cgroup.procs`, `${pids.join('\n')}\n`);
    processes.forEach(([name, terminal], n) => {
      const pid = String(LEADER + n);
      machine.write(`proc/${pid}/stat`, `${pid} (${name}) S 1 1 1 ${String(terminal)} 7 0\n`);
    });
  }

  function typed(agoMs: number): void {
    machine.write('dev/pts/3', '');
    const typedAt = new Date(NOW - agoMs);
    utimesSync(join(machine.dir, 'dev/pts/3'), typedAt, typedAt);
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
        machine.write('run/utmp', '');
        writeFileSync(join(machine.dir, 'run/utmp'), boot);
      }
      open(shell);
      typed(MINUTE);
      expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
      expect(sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
      typed(11 * MINUTE);
      expect(await valueOf(probe(), 'session.remote')).toEqual(no);
      expect(sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 11 * MINUTE });
    },
  );

  test('whose terminal utmp tells of is looked at once, by its record', async () => {
    login(30 * MINUTE, LEADER);
    open([['sshd', 0]]);
    machine.remove(`proc/${String(LEADER)}/cgroup`);
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
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
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
    // Nor does its beginning count as a sign of anybody.
    expect(sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 99 * MINUTE });
  });

  test('that runs an editor, or a backup, without one leaves it unknown who works there', async () => {
    open([
      ['sshd', 0],
      ['node', 0],
    ]);
    expect(await valueOf(probe(), 'session.remote')).toMatchObject({
      why: expect.stringMatching(/^node runs in a session that has no terminal/) as unknown,
    });
    expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  test.each<[string, () => void]>([
    [
      'whose processes are not seen',
      () => {
        machine.remove(`proc/${String(LEADER)}`);
      },
    ],
    [
      'whose group is not seen',
      () => {
        machine.remove('sys/fs/cgroup');
      },
    ],
    [
      'which is listed in another namespace',
      () => {
        machine.write(`sys/fs/cgroup${scope}/cgroup.procs`, '0\n0\n');
      },
    ],
    [
      'whose group is everybody’s',
      () => {
        machine.write(`proc/${String(LEADER)}/cgroup`, '0::/\n');
      },
    ],
    [
      'whose group lies outside of the namespace',
      () => {
        machine.write(`proc/${String(LEADER)}/cgroup`, '0::/../../session-5.scope\n');
      },
    ],
  ])('%s is unknown', async (_what, hide) => {
    open(shell);
    typed(30 * MINUTE);
    hide();
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
    expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  describe.each([
    ['has not said so', 'asked'],
    ['says that it closes', 'left'],
  ] as const)('whose connection has ended, where logind %s,', (_when, unnamed) => {
    const leftOver = (...processes: [string, number][]): void => {
      open([['sshd', 0], ...processes], 30 * MINUTE, { unnamed, group: scope });
      machine.remove(`proc/${String(LEADER)}`);
    };

    test('is nobody, whatever goes on in it', async () => {
      leftOver(['tmux: server', 0], ['bash', PTS_3], ['node', 0]);
      typed(MINUTE);
      expect(await valueOf(probe(), 'session.remote')).toEqual(no);
      expect(sensed.at(-1)?.verdict.kind).toBe('away');
    });

    test('is somebody who roams, while they type', async () => {
      leftOver(['mosh-server', 0], ['bash', PTS_3]);
      typed(MINUTE);
      expect(await valueOf(probe(), 'session.remote')).toEqual(yes);
      expect(sensed.at(-1)?.verdict).toEqual({ kind: 'engaged' });
      typed(11 * MINUTE);
      expect(await valueOf(probe(), 'session.remote')).toEqual(no);
      expect(sensed.at(-1)?.verdict).toEqual({ kind: 'away', sinceMs: NOW - 11 * MINUTE });
    });

    test('is nobody where its processes are not seen either', async () => {
      leftOver(['tmux: server', 0]);
      machine.remove('sys/fs/cgroup');
      expect(await valueOf(probe(), 'session.remote')).toEqual(no);
    });
  });

  test('and one in a browser may be used without any', async () => {
    sessions = [{ kind: 'session', pid: 1, line: '', isRemote: true, atMs: NOW, unnamed: 'never' }];
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  });
});

describe('in a container that was shown the utmp of its host', () => {
  const ownNamespace = (): void => {
    machine.remove('proc/self/ns/pid');
    symlinkSync('pid:[4026532281]', join(machine.dir, 'proc/self/ns/pid'));
    machine.write('proc/1/comm', 'node\n');
  };

  test('a process that is not seen proves nothing', async () => {
    login(MINUTE, 4_711);
    machine.remove('dev/pts/3');
    ownNamespace();
    expect(await valueOf(probe(), 'session.remote')).toMatchObject({
      why: expect.stringMatching(/--pid=host$/) as unknown,
    });
    expect(sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  test('of whom logind knows as well, it may judge; whom nobody else knows is not away', async () => {
    login(MINUTE, 4_711);
    ownNamespace();
    sessions = [];
    await probe().measure(at(0));
    const byLogind = { provider: 'logind', rank: 'sensed', places: ['seat', 'terminals'] } as const;
    const nobody = { ...byLogind, verdict: { kind: 'away', sinceMs: NOW } } as const;
    const folded = (): Value['kind'] => foldPresence([nobody, ...sensed.slice(-1)]).value.kind;
    expect(folded()).toBe('unknown');
    sessions = [{ kind: 'session', pid: 4_711, line: '', isRemote: true, atMs: NOW }];
    await probe().measure(at(0));
    expect(folded()).toBe('presence');
  });

  test('a terminal of the container is not the one of the same name', async () => {
    // Somebody looks into the container by `docker exec -it`: it has a pts/3 as well.
    login(30 * MINUTE, 4_711);
    ownNamespace();
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  });

  test('whose processes are seen, the machine’s own terminals are looked at', async () => {
    login(30 * MINUTE);
    // What init sees in the place of it lies on another file system.
    mkdirSync(join(machine.dir, 'proc/1/root/dev'), { recursive: true });
    symlinkSync('/sys', join(machine.dir, 'proc/1/root/dev/pts'));
    const value = await valueOf(probe(), 'session.remote');
    // There is no such terminal there, and its process lives.
    expect(value).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/proc\/1\/root/) as unknown,
    });
  });

  test('a machine of its own in a container has its own, unless its utmp was put there', async () => {
    login(30 * MINUTE);
    ownNamespace();
    machine.write('proc/1/comm', 'systemd\n');
    expect(await valueOf(probe(), 'session.remote')).toEqual(no);
    machine.write('proc/self/mounts', `tmpfs ${join(machine.dir, 'run/utmp')} tmpfs rw 0 0\n`);
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  });

  test('where others’ processes are hidden, none has ended', async () => {
    login(MINUTE, 4_711);
    machine.remove('dev/pts/3');
    rmSync(join(machine.dir, 'proc/1'), { recursive: true });
    expect((await valueOf(probe(), 'session.remote')).kind).toBe('unknown');
  });
});
