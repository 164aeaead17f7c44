// A run for tests of what acts for updaters: frozen, thawed and ended by the test.

import type { HostedRun, HostEvent } from './hosted-run.js';

export interface TestRun extends HostedRun {
  readonly events: readonly HostEvent[];
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
  let waiting: (() => void)[] = [];
  const release = (): void => {
    const all = waiting;
    waiting = [];
    for (const each of all) each();
  };
  return {
    runId: 'run-1',
    token: 'token-1',
    uid: process.getuid?.() ?? 0,
    grants: { installRoots: [], egress: [], fetchPrefixes: [] },
    limits: { diskBytesMax: 64 * 1024 * 1024, criticalSMax: 0 },
    ...given,
    over: ending.signal,
    events,
    emit: (event) => {
      events.push(event);
    },
    thawed: async () => {
      while (frozen && !ending.signal.aborted) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      if (ending.signal.aborted) throw new Error('the run is over');
    },
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
      release();
    },
    end: () => {
      ending.abort();
      release();
    },
  };
}
