// The runs on this host, and the commands that reach them.
//
// Invariants:
//   R1. A grant for a run that is on already is a repetition and changes nothing, unless its epoch
//       is higher: then the older one ends before the newest one starts.
//   R2. A command with an older epoch than its run's comes from the past and is left alone.

import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import type { Log } from '../../runtime/log.js';
import type { Guard } from '../guard/guard.loop.js';
import type { KeepAwake } from '../power/keep-awake.spawn.js';
import { startRun, type ActiveRun } from './active.loop.js';
import type { HostParts } from './carry-out.loop.js';
import type { RunEvent } from './event.js';
import type { Grant } from './grant.js';
import { keepVigil } from './vigil.js';

export interface HostedRuns {
  /** Runs that are on, each with the newest epoch that it was granted for. */
  held: () => { readonly runId: string; readonly epoch: number }[];
  /** Whether a run on this host is made of this bundle. */
  readonly uses: (bundleSha256: string) => boolean;
  /** Whether a run of this updater is on, or is about to be. */
  readonly isBusy: (updaterId: string) => boolean;
  grant(grant: Grant): void;
  /** @returns false when there is no such run here, of whatever epoch. */
  renew(runId: string, epoch: number, leaseMs: number): boolean;
  pause(runId: string, epoch: number, codes: readonly string[]): void;
  /** Every run, whatever its epoch. */
  pauseAll(codes: readonly ReasonCode[]): void;
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
  /** Newer grants that wait for the end of the run before them. */
  const next = new Map<string, Grant>();
  let closing = false;

  function begin(grant: Grant): void {
    const vigil = keepVigil(keepAwake, guard, grant.limits.keepAwakeMsMax);
    const run = startRun(grant, parts, guard, (event) => {
      vigil.note(event);
      report(grant, event);
    });
    active.set(grant.runId, run);
    void run.done
      .catch((error: unknown) => {
        log.error({ err: error, runId: grant.runId }, 'a run ended in a way that it must not');
      })
      .finally(() => {
        vigil.end();
        if (active.get(grant.runId) === run) active.delete(grant.runId);
      });
  }

  function replace(before: ActiveRun): void {
    const { runId } = before.grant;
    const goOn = (): void => {
      const grant = next.get(runId);
      next.delete(runId);
      if (grant !== undefined && !closing) begin(grant);
    };
    before.stop('SUPERSEDED');
    before.done.then(goOn, goOn);
  }

  /** Ends a grant that has not begun: it waits for the run before it. */
  function cancelNext(runId: string, epoch: number, reason: ReasonCode): void {
    const grant = next.get(runId);
    if (grant === undefined || grant.epoch > epoch) return;
    next.delete(runId);
    const outcome = { kind: 'cancelled', reason } as const;
    report(grant, { kind: 'finished', outcome, outputTail: '' });
  }

  /** The run that a command is for, unless the command is of the past (R2). */
  function current(runId: string, epoch: number): ActiveRun | undefined {
    const run = active.get(runId);
    return run !== undefined && epoch >= run.grant.epoch ? run : undefined;
  }

  return {
    held: () =>
      [...active].map(([runId, { grant }]) => ({
        runId,
        epoch: (next.get(runId) ?? grant).epoch,
      })),
    uses: (bundleSha256) =>
      [...active.values()].some(({ grant }) => grant.updater.bundleSha256 === bundleSha256),
    isBusy: (updaterId) => [...active.values()].some(({ grant }) => grant.updater.id === updaterId),
    grant: (grant) => {
      const { runId, epoch } = grant;
      const before = active.get(runId);
      const newest = next.get(runId) ?? before?.grant;
      if (closing || (newest !== undefined && newest.epoch >= epoch)) return; // R1
      if (before === undefined) {
        begin(grant);
        return;
      }
      const ending = next.has(runId);
      next.set(runId, grant);
      if (!ending) replace(before);
    },
    renew: (runId, epoch, leaseMs) => {
      current(runId, epoch)?.renew(leaseMs);
      return active.has(runId);
    },
    pause: (runId, epoch, codes) => current(runId, epoch)?.pause(knownCodes(codes)),
    pauseAll: (codes) => {
      for (const run of active.values()) run.pause(codes);
    },
    resume: (runId, epoch) => current(runId, epoch)?.resume(),
    stop: (runId, epoch, reason) => {
      const code = isReasonCode(reason) ? reason : 'OPERATOR';
      cancelNext(runId, epoch, code);
      current(runId, epoch)?.stop(code);
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
