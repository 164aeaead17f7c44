// One run on this host, from grant to outcome.
//
// Invariants:
//   A1. Exactly one `finished`, last, and after everything of the run was closed, or frozen.
//   A2. The guard is held from the grant on, before anything is started.
//   A3. A command of an older epoch changes nothing (the fence).

import { setMaxListeners } from 'node:events';
import { lastOf, oneLine } from '../../conditions/words.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { CancelTimer } from '../../runtime/clock.js';
import { inSpan } from '../../runtime/telemetry.js';
import type { Guard } from '../guard/guard.loop.js';
import { carryOut, type Course, type HostParts } from './carry-out.loop.js';
import { Ending } from './ending.loop.js';
import { hasteOf } from './haste.js';
import { failed, isFinal, type Outcome, type RunEvent } from './event.js';
import { outcomeOf, withLastWords } from './failure.js';
import { STANDS_MS_MAX } from './freeze-watch.loop.js';
import type { Grant } from './grant.js';
import { Pauses } from './pauses.loop.js';
import { Section } from './section.loop.js';

/** As many as the orchestrator keeps, and from the end: on one line a tail is longer than it was. */
const TAIL_CHARS_MAX = 2_048;

export interface ActiveRun {
  readonly grant: Grant;
  readonly done: Promise<void>;
  renew(leaseMs: number): void;
  pause(codes: readonly ReasonCode[]): void;
  resume(): void;
  /** Ends the run with `cancelled(reason)`. Idempotent. */
  stop(reason: ReasonCode): void;
}

export function startRun(
  grant: Grant,
  parts: HostParts,
  guard: Guard,
  emit: (event: RunEvent) => void,
): ActiveRun {
  const over = new AbortController();
  // Whatever is open for a run waits for its end, and is bounded where it is opened: ten would be few.
  setMaxListeners(Number.POSITIVE_INFINITY, over.signal);
  const { clock } = parts;
  const section = new Section({
    clock,
    emit,
    onOverrun: (msMax) => {
      ending.end(tookTooLong('CRITICAL_OVERRUN', 'its critical section lasted', msMax), 'overrun');
    },
  });
  const pauses = new Pauses({
    clock,
    section,
    runMsMax: grant.limits.runMsMax,
    emit,
    onStep: () => {
      ending.step();
    },
    onTimeLimit: () => {
      ending.end(tookTooLong('TIME_LIMIT', 'it ran', grant.limits.runMsMax), 'gentle');
    },
    onGoesOn: () => {
      parts.log.error({ runId: grant.runId }, 'what was frozen went on: it is killed');
      const words = `it went on for ${String(STANDS_MS_MAX)} ms after it was frozen, and was killed`;
      ending.end(failed('FREEZE_FAILED', words, true), 'at-once');
    },
  });
  const ending = new Ending({
    clock,
    sandbox: () => course.sandbox,
    isFrozen: () => pauses.frozen,
    isInSection: () => section.entered,
    kill: () => {
      over.abort();
      pauses.close();
    },
  });

  const guardCodes = (): ReasonCode[] => guard.objections(grant.guard).map(({ code }) => code);
  const unprotect = guard.protect({
    requirements: grant.guard,
    onBroken: (reasons, edgeNs) => {
      pauses.hold(
        'guard',
        reasons.map(({ code }) => code),
        edgeNs,
      );
    },
  }); // A2
  const already = guardCodes();
  if (already.length > 0) pauses.hold('guard', already);

  let cancelLease: CancelTimer = () => undefined;
  const renew = (leaseMs: number): void => {
    cancelLease();
    cancelLease = clock.after(leaseMs, () => {
      pauses.hold('lease', ['LEASE_LOST']);
    });
    pauses.renewLease();
  };
  renew(grant.leaseMs);

  const course: Course = { pauses, over: over.signal, emit, readings: () => guard.readings };
  const action = grant.work.kind === 'perform' ? grant.work.action : grant.work.kind;
  const attributes = { 'lull.run': grant.runId, 'lull.updater': grant.updater.id };
  const done = inSpan(`run ${action}`, attributes, () => carryOut(grant, parts, course))
    .catch(outcomeOf)
    .then(async (outcome) => {
      unprotect();
      cancelLease();
      ending.end(outcome, 'at-once');
      const verdict = ending.verdict ?? outcome;
      if (isFinal(verdict)) {
        await parts.checkpoints.remove(grant.runId).catch((error: unknown) => {
          parts.log.warn({ err: error, runId: grant.runId }, 'a checkpoint stays behind');
        });
      }
      const tail = course.sandbox?.outputTail() ?? '';
      const outputTail = lastOf(oneLine(tail), TAIL_CHARS_MAX);
      const finished = { outcome: withLastWords(verdict, tail), outputTail };
      emit({ kind: 'finished', ...finished }); // A1
    });

  return {
    grant,
    done,
    renew,
    pause: (codes) => {
      pauses.hold('operator', codes);
    },
    resume: () => {
      pauses.permit(guardCodes());
    },
    stop: (reason) => {
      ending.end({ kind: 'cancelled', reason }, hasteOf(reason));
    },
  };
}

function tookTooLong(code: 'TIME_LIMIT' | 'CRITICAL_OVERRUN', what: string, ms: number): Outcome {
  const seconds = String(Math.round(ms / 1_000));
  return failed(code, `${what} for the ${seconds} s that it may`, true);
}
