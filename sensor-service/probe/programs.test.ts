// Probes of what programs do: which run, and who uses a microphone or a camera.

import { closeSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import type { Instant } from '../reading/measurement.js';
import { appsProbe } from './apps.js';
import { callProbe } from './call.js';
import { createFakeMachine, valueOf, type FakeMachine } from './fake-machine.testing.js';
import { anyProcess, holdsOpen } from './open-files.js';
import { playingProbe } from './playing.js';
import { soundCards } from './sound.js';

const at = (ms: number): Instant => ({ wallMs: 1_900_000_000_000 + ms, monotonicMs: ms });

const here = { root: '/', procRoot: '/proc' };

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

/** With the rights of nobody in particular; as whoever runs the tests where that is not root. */
async function asNobody<T>(body: () => T): Promise<Awaited<T>> {
  const isRoot = process.geteuid?.() === 0;
  try {
    if (isRoot) process.seteuid?.(65_534);
    return await body();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

describe('sound and calls', () => {
  const status = (stream: string): string => `proc/asound/card0/${stream}/sub0/status`;

  beforeEach(() => {
    machine.write('proc/asound/cards', ' 0 [PCH]: HDA-Intel - HDA Intel PCH\n');
  });

  test('a container that hides cards and cameras knows of no call, and not of none', async () => {
    machine.write('proc/asound/cards', '--- no soundcards ---\n');
    machine.write('dev/null', '');
    const heard = async (): Promise<string[]> => {
      const cards = soundCards(machine.procRoot);
      const call = callProbe({ ...machine, root: machine.dir }, cards);
      const values = [
        await valueOf(call, 'attention.call'),
        await valueOf(playingProbe(cards), 'attention.playing'),
      ];
      return values.map((value) => (value.kind === 'flag' ? String(value.flag) : value.kind));
    };
    expect(await heard()).toEqual(['false', 'false']);
    machine.write('sys/class/video4linux/video0/name', 'A camera\n');
    expect(await heard()).toEqual(['unknown', 'false']);
    machine.write('dev/video0', '');
    expect(await heard()).toEqual(['false', 'false']);
    machine.remove('proc/asound/cards');
    expect(await heard()).toEqual(['unknown', 'unknown']);
  });

  test('a microphone that records is a call, music is not', async () => {
    machine.write(status('pcm0p'), 'state: RUNNING\nowner_pid : 1\n');
    machine.write(status('pcm0c'), 'closed\n');
    machine.write('dev/null', '');
    const cards = soundCards(machine.procRoot);
    const call = callProbe({ ...machine, root: machine.dir }, cards);
    expect(await valueOf(playingProbe(cards), 'attention.playing')).toEqual(yes);
    expect(await valueOf(call, 'attention.call')).toEqual(no);
    machine.write(status('pcm0c'), 'state: RUNNING\n');
    machine.write(status('pcm0p'), 'state: PAU');
    expect(await valueOf(call, 'attention.call', 1_000)).toEqual(yes);
    expect(await valueOf(playingProbe(cards), 'attention.playing', 1_000)).toEqual(no);
  });

  test('the microphone of a Bluetooth headset is no card: whether it is in use is not known', async () => {
    machine.write('dev/null', '');
    const head = 'sk               RefCnt Rmem   Wmem   User   Inode  Parent\n';
    const socket = '0000000000000000 2      0      0      1000   668    0     \n';
    const call = callProbe({ ...machine, root: machine.dir }, soundCards(machine.procRoot));
    machine.write('proc/net/sco', head);
    expect(await valueOf(call, 'attention.call')).toEqual(no);
    machine.write('proc/net/sco', head + socket);
    expect(await valueOf(call, 'attention.call', 1_000)).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('Bluetooth headset') as unknown,
    });
    machine.write(status('pcm0c'), 'state: RUNNING\n');
    expect(await valueOf(call, 'attention.call', 60_000)).toEqual(yes);
  });

  test('a card that vanishes is one that is quiet; a machine without any is not known', async () => {
    machine.write(status('pcm0p'), 'state: RUNNING\n');
    const cards = soundCards(machine.procRoot);
    expect(await valueOf(playingProbe(cards), 'attention.playing')).toEqual(yes);
    machine.remove('proc/asound/card0');
    expect(await valueOf(playingProbe(cards), 'attention.playing', 1_000)).toEqual(no);
    machine.remove('proc/asound');
    expect((await valueOf(playingProbe(cards), 'attention.playing', 60_000)).kind).toBe('unknown');
    machine.write('proc/asound/cards', '');
    machine.write(status('pcm0p'), 'state: RUNNING\n');
    expect((await valueOf(playingProbe(cards), 'attention.playing', 69_999)).kind).toBe('unknown');
    expect(await valueOf(playingProbe(cards), 'attention.playing', 70_000)).toEqual(yes);
  });

  test('a camera that a process has open is a call, and is looked for every ten seconds', async () => {
    machine.write(status('pcm0c'), 'closed\n');
    machine.write('dev/video0', '');
    for (const pid of ['1', '77'])
      mkdirSync(join(machine.procRoot, pid, 'fd'), { recursive: true });
    const call = callProbe({ ...machine, root: machine.dir }, soundCards(machine.procRoot));
    expect(await valueOf(call, 'attention.call')).toEqual(no);
    symlinkSync(join(machine.dir, 'dev/video0'), join(machine.procRoot, '77/fd/5'));
    expect(await valueOf(call, 'attention.call', 9_999)).toEqual(no);
    expect(await valueOf(call, 'attention.call', 10_000)).toEqual(yes);
    machine.write('sys/class/video4linux/video0/device/driver/module/refcnt', '0\n');
    expect(await valueOf(call, 'attention.call', 20_000)).toEqual(no);
    // Its driver tells at once that somebody opened it.
    machine.write('sys/class/video4linux/video0/device/driver/module/refcnt', '1\n');
    expect(await valueOf(call, 'attention.call', 21_000)).toEqual(yes);
  });
});

test('one process with thousands of files keeps no edge waiting for longer than a slice', async () => {
  const opened: number[] = [];
  const openMore = (count: number): void => {
    for (let more = 0; more < count; more += 1) opened.push(openSync('/dev/null', 'r'));
  };
  /** What is made of the files of this process, and how often others had their turn meanwhile. */
  const look = async (): Promise<readonly [held: unknown, turns: number]> => {
    let [held, turns, done]: [unknown, number, boolean] = [undefined, 0, false];
    const count = (): void => {
      turns += 1;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    symlinkSync('/proc/self', join(machine.procRoot, '9'));
    await anyProcess({ ...machine, root: machine.dir }, async (directory, slices) => {
      if (directory.endsWith('/9')) held = await holdsOpen(directory, new Set(['/no']), slices);
      return false;
    });
    machine.remove('proc/9');
    done = true;
    return [held, turns];
  };
  try {
    openMore(3_000);
    const [held, turns] = await look();
    expect(held).toBe(false);
    expect(turns).toBeGreaterThanOrEqual(3_000 / 150 - 1);
    // What has more than are looked through is not known to hold none.
    openMore(1_200);
    expect((await look())[0]).toBe('too many');
  } finally {
    for (const fd of opened) closeSync(fd);
  }
});

test('programs that run are found by their executables', async () => {
  const other = '/usr/bin/no-such-program';
  const probe = appsProbe(here, () => [process.execPath, other]);
  expect(await valueOf(probe, 'app.running', 0, process.execPath)).toEqual(yes);
  expect(await valueOf(probe, 'app.running', 0, other)).not.toEqual(yes);
});

test('programs in packages are found by their control groups, and only while they run', async () => {
  const apps = ['flatpak:org.mozilla.firefox', 'snap:thunderbird', 'snap:gimp'];
  const probe = appsProbe({ ...machine, root: machine.dir }, () => apps);
  const running = async (): Promise<unknown[]> =>
    await Promise.all(apps.map((app) => valueOf(probe, 'app.running', 0, app)));
  const scope = '0::/user.slice/user-1000.slice/user@1000.service/app.slice';
  machine.write('proc/41/cgroup', `${scope}/app-flatpak-org.mozilla.firefox-4107.scope\n`);
  machine.write('proc/42/cgroup', `${scope}/snap.thunderbird.thunderbird-9f2a.scope\n`);
  // Half written, and no process at all.
  machine.write('proc/43/cgroup', `${scope}/snap.gi`);
  machine.write('proc/self/cgroup', `${scope}/snap.gimp.gimp-1.scope\n`);
  expect(await running()).toEqual([yes, yes, no]);
  machine.remove('proc/41');
  expect(await running()).toEqual([no, yes, no]);
});

test('whose executables cannot be seen is not known to be closed, whatever else is asked about', async () => {
  const apps = ['/usr/bin/no-such-program', 'flatpak:org.example.None'];
  const probe = appsProbe(here, () => apps);
  // Control groups are for everybody to see, executables are not.
  const [executable, packaged] = await asNobody(() => probe.measure(at(0)));
  expect(executable?.value).toMatchObject({ kind: 'unknown', why: expect.any(String) as unknown });
  expect(packaged?.value).toEqual(no);
});

test('a container sees its own processes alone: no program is known to be closed, and no camera to be free', async () => {
  machine.write('dev/video0', '');
  machine.write('proc/asound/cards', '');
  machine.write('proc/41/cgroup', '0::/snap.gimp.gimp-1.scope\n');
  const apps = ['snap:gimp', 'snap:other', '/usr/bin/editor'];
  const roots = { ...machine, root: machine.dir };
  const heard = async (): Promise<unknown[]> => [
    ...(await Promise.all(
      apps.map((app) =>
        valueOf(
          appsProbe(roots, () => apps),
          'app.running',
          0,
          app,
        ),
      ),
    )),
    await valueOf(callProbe(roots, soundCards(machine.procRoot)), 'attention.call'),
  ];
  expect(await heard()).toEqual([yes, no, no, no]);
  machine.hideProcesses();
  const why = expect.stringMatching(/not seen in this container; start it with --pid=host$/);
  const unknown = { kind: 'unknown', why: why as unknown };
  expect(await heard()).toEqual([yes, unknown, unknown, unknown]);
});

test('a list that hides the first of all processes hides others, too', async () => {
  const probe = appsProbe({ ...machine, root: machine.dir }, () => ['snap:gimp']);
  machine.remove('proc/1');
  machine.write('proc/41/cgroup', '0::/user.slice\n');
  expect((await valueOf(probe, 'app.running', 0, 'snap:gimp')).kind).toBe('unknown');
  machine.write('proc/1/cgroup', '0::/init.scope\n');
  expect(await valueOf(probe, 'app.running', 0, 'snap:gimp')).toEqual(no);
});
