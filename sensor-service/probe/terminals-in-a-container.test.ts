// Who is at the terminals of a machine, seen from a container on it: which has terminals and processes of
// its own, with the same names and numbers.

import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { foldPresence } from '../reading/presence.js';
import { eachWithTerminals, MINUTE, NOW } from './terminals.testing.js';

const no: Value = { kind: 'flag', flag: false };

const rig = eachWithTerminals();
const { login, measure, valueOf } = rig;

describe('in a container that was shown the utmp of its host', () => {
  const ownNamespace = (): void => {
    rig.machine.hideProcesses();
  };

  test('a process that is not seen proves nothing', async () => {
    login(MINUTE, 4_711);
    rig.machine.remove('dev/pts/3');
    ownNamespace();
    expect(await valueOf('session.remote')).toMatchObject({
      why: expect.stringMatching(/--pid=host$/) as unknown,
    });
    expect(rig.sensed.at(-1)?.verdict.kind).toBe('unknown');
  });

  test('of whom logind knows as well, it may judge; whom nobody else knows is not away', async () => {
    login(MINUTE, 4_711);
    ownNamespace();
    rig.sessions = [];
    await measure();
    const byLogind = { provider: 'logind', rank: 'sensed', places: ['seat', 'terminals'] } as const;
    const nobody = { ...byLogind, verdict: { kind: 'away', sinceMs: NOW } } as const;
    const folded = (): Value['kind'] => foldPresence([nobody, ...rig.sensed.slice(-1)]).value.kind;
    expect(folded()).toBe('unknown');
    rig.sessions = [{ kind: 'session', pid: 4_711, line: '', isRemote: true, atMs: NOW }];
    await measure();
    expect(folded()).toBe('presence');
  });

  test('a terminal of the container is not the one of the same name', async () => {
    // Somebody looks into the container by `docker exec -it`: it has a pts/3 as well.
    login(30 * MINUTE, 4_711);
    ownNamespace();
    expect((await valueOf('session.remote')).kind).toBe('unknown');
  });

  test('whose processes are seen, the machine’s own terminals are looked at', async () => {
    login(30 * MINUTE);
    // What init sees in the place of it lies on another file system.
    mkdirSync(join(rig.machine.dir, 'proc/1/root/dev'), { recursive: true });
    symlinkSync('/sys', join(rig.machine.dir, 'proc/1/root/dev/pts'));
    const value = await valueOf('session.remote');
    // There is no such terminal there, and its process lives.
    expect(value).toMatchObject({
      kind: 'unknown',
      why: expect.stringMatching(/proc\/1\/root/) as unknown,
    });
  });

  test('a machine of its own in a container has its own, unless its utmp was put there', async () => {
    login(30 * MINUTE);
    ownNamespace();
    rig.machine.write('proc/1/comm', 'systemd\n');
    expect(await valueOf('session.remote')).toEqual(no);
    rig.machine.write(
      'proc/self/mounts',
      `tmpfs ${join(rig.machine.dir, 'run/utmp')} tmpfs rw 0 0\n`,
    );
    expect((await valueOf('session.remote')).kind).toBe('unknown');
  });

  test('where others’ processes are hidden, none has ended', async () => {
    login(MINUTE, 4_711);
    rig.machine.remove('dev/pts/3');
    rmSync(join(rig.machine.dir, 'proc/1'), { recursive: true });
    expect((await valueOf('session.remote')).kind).toBe('unknown');
  });
});
