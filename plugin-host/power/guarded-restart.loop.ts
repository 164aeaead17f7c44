// A restart of the machine that was ordered, held against this machine's own sensors until it is due, as a run is.
//
//   ordered ─▶ told to logind, which warns ─▶ due
//                 └─ its guard breaks, it is cancelled, or this plugin-host stops ─▶ taken back
//
// Invariants:
//   M1. What breaks its guard takes it back here: a person who comes back while the orchestrator, or the network
//       to it, is gone is not restarted under.
//   M2. What nobody guards any more is taken back: it is not left to logind by a plugin-host that stops.
//   M3. A new order takes the place of the one before, guard and all.
//   M4. It is due so long after it was heard, by this machine's clock, which logind goes by: one that is ahead of
//       the orchestrator's does not restart at once, without a warning.
//   M5. Nothing that was not ordered here is taken back by this machine alone: an administrator may have
//       scheduled something else.

import type { Reason } from '../../conditions/reason.js';
import type { Requirement } from '../../conditions/requirement.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Guard } from '../guard/guard.loop.js';
import type { MachineRestart } from './restart.spawn.js';

/** The machine may be slow to go down, and its clock may be set meanwhile. */
const LATE_MS = 600_000;

/** From now on; or by the orchestrator's clock, ms since the epoch, where it says nothing else. */
type Due = { readonly inMs: number } | { readonly atMs: number };

export interface GuardedRestart extends Closeable {
  /** Restarts at an instant if the guard holds until then. */
  order(due: Due, guard: readonly Requirement[]): void;
  /** Takes back what was ordered, by whichever instance. */
  readonly cancel: () => void;
  /** Takes back what was ordered here and is not due, and nothing that somebody else may have scheduled (M5). */
  takeBack(reasons: readonly Pick<Reason, 'code'>[]): void;
}

export function guardRestart(deps: {
  readonly machine: MachineRestart;
  readonly guard: Pick<Guard, 'objections' | 'protect'>;
  readonly clock: Clock;
  readonly log: Log;
}): GuardedRestart {
  const { machine, guard, clock, log } = deps;
  let dueAtMs = 0;
  let release: () => void = () => undefined;
  let cancelEnd: CancelTimer = () => undefined;

  function letGo(): void {
    release();
    cancelEnd();
    [release, cancelEnd] = [() => undefined, () => undefined];
  }

  function takeBack(reasons: readonly Pick<Reason, 'code'>[]): void {
    letGo();
    if (clock.now().wallMs >= dueAtMs) return; // M5
    dueAtMs = 0;
    const codes = reasons.map(({ code }) => code);
    log.info({ reasons: codes }, 'the restart of the machine is taken back here');
    machine.cancel();
  }

  return {
    order: (due, requirements) => {
      letGo(); // M3
      const nowMs = clock.now().wallMs;
      const atMs = 'inMs' in due ? nowMs + due.inMs : due.atMs; // M4
      const reasons = guard.objections(requirements);
      if (reasons.length > 0) {
        takeBack(reasons); // M1
        return;
      }
      dueAtMs = atMs;
      machine.order(atMs);
      release = guard.protect({ requirements, onBroken: takeBack }); // M1
      cancelEnd = clock.after(atMs - nowMs + LATE_MS, letGo);
    },
    cancel: () => {
      letGo();
      dueAtMs = 0;
      machine.cancel();
    },
    takeBack,
    close: async () => {
      takeBack([{ code: 'SHUTTING_DOWN' }]); // M2
      await machine.settled();
    },
  };
}
