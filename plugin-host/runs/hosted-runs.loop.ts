// The runs on this host, and the commands that reach them.
//
// Invariants:
//   R1. A grant for a run that is on already is a repetition and changes nothing, unless its epoch
//       is higher: then the older one ends before the newer one starts.
//   R2. A command with an older epoch than its run's comes from the past and is left alone.

import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { valueOf } from '../../conditions/reading.js';
import type { Log } from '../../runtime/log.js';
import type { Guard } from '../guard/guard.loop.js';
import type { KeepAwake } from '../power/keep-awake.spawn.js';
import { startRun, type ActiveRun } from './active.loop.js';
import type { HostParts } from './carry-out.loop.js';
import type { RunEvent } from './event.js';
import type { Grant } from './grant.js';

export interface HostedRuns {
  ids(): string[];
  grant(grant: Grant): void;
  renew(runId: string, epoch: number, leaseMs: number): void;
  pause(runId: string, epoch: number, codes: readonly string[]): void;
  resume(runId: string, epoch: number): void;
  stop(runId: string, epoch: number, reason: string): void;
  /** Stops every run and waits until nothing of them is left. */
  close(): Promise<void>;
}

export function hostRuns(deps: {
  readonly parts: HostParts;
  readonly guard: Guard;
  readonly keepAwake: KeepAwake;
  readonly log: Log;
  readonly report: (run: { runId: string; epoch: number }, event: RunEvent) => void;
}): HostedRuns {
  const { parts, guard, keepAwake, log, report } = deps;
  const active = new Map<string, ActiveRun>();
  let closing = false;

  function begin(grant: Grant): void {
    const ac = valueOf(guard.readings, 'power.ac');
    const letSleep = keepAwake.during(ac.kind === 'flag' && ac.flag);
    const run = startRun(grant, parts, guard, (event) => {
      report(grant, event);
    });
    active.set(grant.runId, run);
    void run.done
      .catch((error: unknown) => {
        log.error({ err: error, runId: grant.runId }, 'a run ended in a way that it must not');
      })
      .finally(() => {
        letSleep();
        if (active.get(grant.runId) === run) active.delete(grant.runId);
      });
  }

  /** The run that a command is for, unless the command is of the past (R2). */
  function current(runId: string, epoch: number): ActiveRun | undefined {
    const run = active.get(runId);
    return run !== undefined && epoch >= run.grant.epoch ? run : undefined;
  }

  return {
    ids: () => [...active.keys()],
    grant: (grant) => {
      const before = active.get(grant.runId);
      if (closing || (before !== undefined && before.grant.epoch >= grant.epoch)) return; // R1
      if (before === undefined) {
        begin(grant);
        return;
      }
      before.stop('SUPERSEDED');
      void before.done.finally(() => {
        if (!closing) begin(grant);
      });
    },
    renew: (runId, epoch, leaseMs) => current(runId, epoch)?.renew(leaseMs),
    pause: (runId, epoch, codes) => current(runId, epoch)?.pause(knownCodes(codes)),
    resume: (runId, epoch) => current(runId, epoch)?.resume(),
    stop: (runId, epoch, reason) => {
      current(runId, epoch)?.stop(isReasonCode(reason) ? reason : 'OPERATOR');
    },
    close: async () => {
      closing = true;
      const ending = [...active.values()].map((run) => {
        run.stop('SHUTTING_DOWN');
        return run.done;
      });
      await Promise.allSettled(ending);
    },
  };
}

function knownCodes(codes: readonly string[]): ReasonCode[] {
  const known = codes.filter(isReasonCode);
  return known.length > 0 ? known : ['OPERATOR'];
}
