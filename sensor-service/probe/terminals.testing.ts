// A machine made of files at whose terminals somebody is, for tests of what the sensors see of them.

import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach } from '@jest/globals';
import type { Signal, Value } from '../../conditions/reading.js';
import type { PresenceSignal } from '../reading/presence.js';
import type { Logins } from '../reading/utmp.js';
import { utmpRecord, utmpType } from '../reading/utmp-record.testing.js';
import { createFakeMachine, type FakeMachine } from './fake-machine.testing.js';
import { terminalsProbe } from './terminals.js';

export const NOW = 1_900_000_000_000;
export const MINUTE = 60_000;

export interface SeenTerminals {
  readonly machine: FakeMachine;
  readonly sensed: readonly PresenceSignal[];
  sessions: Logins;
  /** Somebody from elsewhere is logged in at pts/3, and typed so long ago. */
  readonly login: (agoMs: number, pid?: number) => void;
  readonly measure: () => Promise<void>;
  readonly valueOf: (signal: Signal) => Promise<Value>;
}

/** A new one before each test. */
export function eachWithTerminals(): SeenTerminals {
  let machine: FakeMachine;
  let sensed: PresenceSignal[];
  const rig: SeenTerminals = {
    get machine() {
      return machine;
    },
    get sensed() {
      return sensed;
    },
    sessions: undefined,
    login: (agoMs, pid = 1) => {
      machine.write('dev/pts/3', '');
      const typedAt = new Date(NOW - agoMs);
      utimesSync(join(machine.dir, 'dev/pts/3'), typedAt, typedAt);
      const from = { line: 'pts/3', host: 'far.example' };
      const record = utmpRecord({ type: utmpType.session, pid, ...from, atMs: NOW - 60 * MINUTE });
      machine.write('run/utmp', '');
      writeFileSync(join(machine.dir, 'run/utmp'), record);
    },
    measure: async () => {
      await probe().measure({ wallMs: NOW, monotonicMs: 0 });
    },
    valueOf: async (signal) => {
      const measured = await probe().measure({ wallMs: NOW, monotonicMs: 0 });
      const found = measured.find((each) => each.signal === signal);
      if (found === undefined) throw new Error(`nothing was said of ${signal}`);
      return found.value;
    },
  };

  function probe() {
    const { dir: root, procRoot, sysRoot } = machine;
    return terminalsProbe({
      ...{ root, procRoot, sysRoot },
      arch: 'x64',
      terminalActiveMs: 10 * MINUTE,
      onClockNow: (instantMs) => instantMs,
      sense: (signal) => sensed.push(signal),
      sessions: () => rig.sessions,
    });
  }

  beforeEach(() => {
    machine = createFakeMachine();
    machine.write('proc/stat', `cpu 1\nbtime ${String((NOW - 99 * MINUTE) / 1_000)}\n`);
    sensed = [];
    rig.sessions = undefined;
  });
  afterEach(() => {
    machine.close();
  });
  return rig;
}
