// Locks of package managers, held by real processes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';
import { locksProbe } from './locks.js';
import type { Probe } from './probe.js';

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

async function held(probe: Probe, name: string): Promise<Value | undefined> {
  const measured = await probe.measure({ wallMs: 0, monotonicMs: 0 });
  return measured.find(({ instance }) => instance === name)?.value;
}

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

describe('native locks', () => {
  test.each([
    ['dpkg', 'var/lib/dpkg/lock-frontend'],
    ['apt', 'var/lib/apt/lists/lock'],
    ['rpm', 'usr/lib/sysimage/rpm/.rpm.lock'],
    ['flatpak', 'var/lib/flatpak/repo/.lock'],
    ['flatpak', 'var/lib/flatpak/lock'],
    ['flatpak', 'var/lib/flatpak/repo-lock'],
    ['snapd', 'run/snapd/lock/firefox.lock'],
  ])('of %s are seen while a real process holds one, and no longer', async (name, file) => {
    machine.write(file, '');
    const path = join(machine.dir, file);
    const probe = locksProbe({ procRoot: '/proc', root: machine.dir });
    expect(await held(probe, name)).toEqual(no);
    const holder = spawn('flock', ['--exclusive', path, 'sh', '-c', 'echo held; read _'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const exited = once(holder, 'exit');
    await once(holder.stdout, 'data');
    expect(await held(probe, name)).toEqual(yes);
    holder.stdin.end();
    await exited;
    expect(await held(probe, name)).toEqual(no);
    expect(statSync(dirname(path)).isDirectory()).toBe(true);
  });

  test('are unknown in a container, which is shown neither the locks of others nor their files', async () => {
    machine.write('proc/locks', '');
    machine.write('var/lib/dpkg/lock', '');
    const probe = locksProbe({ ...machine, root: machine.dir });
    expect(await held(probe, 'dpkg')).toEqual(no);
    machine.hideProcesses();
    expect(await held(probe, 'dpkg')).toMatchObject({
      why: expect.stringMatching(/start it with --pid=host$/) as unknown,
    });
  });

  test('are those of the machine, where a container sees its processes', async () => {
    machine.write('var/lib/dpkg/lock', '');
    const ofMachine = `proc/1/root${machine.dir}/var/lib/dpkg/lock`;
    machine.write(ofMachine, '');
    const { ino } = statSync(join(machine.dir, ofMachine));
    machine.write('proc/locks', `1: POSIX  ADVISORY  WRITE 47 00:10:${String(ino)} 0 EOF\n`);
    const probe = locksProbe({ ...machine, root: machine.dir });
    expect(await held(probe, 'dpkg')).toEqual(yes);
  });

  test('of what locks a file for each change are free, where nothing was changed yet', async () => {
    machine.write('proc/locks', '');
    mkdirSync(join(machine.dir, 'run/snapd/lock'), { recursive: true });
    expect(await held(locksProbe({ ...machine, root: machine.dir }), 'snapd')).toEqual(no);
  });

  test('of what is not installed are unknown, and so are all without the list', async () => {
    const probe = locksProbe({ ...machine, root: machine.dir });
    expect((await held(probe, 'snapd'))?.kind).toBe('unknown');
    machine.write('var/lib/dpkg/lock', '');
    expect((await held(probe, 'dpkg'))?.kind).toBe('unknown');
  });
});
