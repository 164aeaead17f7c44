// Locks of package managers, held by real processes.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
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
    const probe = locksProbe('/proc', machine.dir);
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

  test('of what is not installed are unknown, and so are all without the list', async () => {
    const probe = locksProbe(machine.procRoot, machine.dir);
    expect((await held(probe, 'snapd'))?.kind).toBe('unknown');
    machine.write('var/lib/dpkg/lock', '');
    expect((await held(probe, 'dpkg'))?.kind).toBe('unknown');
  });
});
