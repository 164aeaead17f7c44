// A run for tests of what acts for updaters: frozen, thawed and ended by the test.

import { newPass } from '../trees/pass.js';
import { setPass } from '../trees/pass.loop.js';
import type { HostedRun, HostEvent } from './hosted-run.js';

export interface TestRun extends HostedRun {
  readonly events: readonly HostEvent[];
  /** What the critical section was entered for, and "" for each time that it was left. */
  readonly sections: readonly string[];
  freeze(): void;
  thaw(): void;
  end(): void;
}

export function testRun(
  given: Pick<HostedRun, 'workDir' | 'artifactsDir'> & Partial<HostedRun>,
): TestRun {
  const ending = new AbortController();
  const events: HostEvent[] = [];
  let frozen = false;
  const pass = newPass();
  const sections: string[] = [];
  let waiting: (() => void)[] = [];
  const release = (): void => {
    const all = waiting;
    waiting = [];
    for (const each of all) each();
  };
  const thawed = async (): Promise<void> => {
    while (frozen && !ending.signal.aborted) {
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    if (ending.signal.aborted) throw new Error('the run is over');
  };
  return {
    runId: 'run-1',
    epoch: 1,
    uid: process.getuid?.() ?? 0,
    grants: { installRoots: [], egress: [], fetchPrefixes: [], operatorHosts: [] },
    limits: {
      diskBytesMax: 64 * 1024 * 1024,
      criticalSMax: 0,
      previousVersions: 1,
      callsPerMinuteMax: 250,
    },
    changesRoots: true,
    take: () => Promise.resolve(),
    leadsOut: () => true,
    ...given,
    over: ending.signal,
    events,
    sections,
    emit: (event) => {
      events.push(event);
    },
    thawed,
    pass,
    released: thawed,
    isHeld: () => frozen,
    enterSection: async (why) => {
      await thawed();
      sections.push(why);
    },
    leaveSection: () => {
      sections.push('');
    },
    freeze: () => {
      frozen = true;
      setPass(pass, 'frozen');
    },
    thaw: () => {
      frozen = false;
      setPass(pass, 'open');
      release();
    },
    end: () => {
      ending.abort();
      setPass(pass, 'over');
      release();
    },
  };
}
