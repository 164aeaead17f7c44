// Runs that hold a slot: must they stop, must they pause, may they go on?
//
// Invariants:
//   H1. A run is judged at the level at which it was admitted: that is what its host guards.
//   H2. A paused run that would now be admitted at a higher level is stopped as superseded, and
//       admitted again under its id with the weaker guard.
//   H3. A run goes on at most once in `betweenResumesMs`, whatever paused it; it is paused at once
//       every time.
//   H4. A run that is on when its window closes goes on. One that is paused by then lets go of its slot
//       and its memory, and is taken up again under its id when a window opens: it could otherwise
//       keep what is overdue from running for as long. What mends waits for no window.
//   H5. By a host that has told nothing of its machine yet no run is paused, as when the lead of it was taken
//       over: it guards the run by itself, with what it knows, for as long as the lease that it was given
//       lasts. Nor is that renewed (T5 of turn.loop.ts). One that fell silent has told that nothing is known.
//   H6. What makes a journal grow without end stops, and is taken up again under its id. What its host puts
//       back by itself goes on: it says a handful of things.
//   H7. What policy does not trust any more ends at once, as what is suspended does: its host is told that
//       first, whatever else stands against it. What the host puts back goes on: no updater runs for that.

import { objections } from '../../conditions/requirement.js';
import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { intrusions } from '../runs/intrusion.js';
import { actionOf, type Run } from '../runs/run.js';
import type { World } from '../world/world.js';
import type { HostView } from './host-view.js';
import { windowObjections } from './hours.js';
import { orderObjections, publisherObjections } from './may.js';
import { quotaObjections } from './over-quota.js';
import { mends, toContinue, toResume, type Want } from './requirements.js';
import { keyOf, levelNow } from './subject.js';

/** A host that was told to go on, and did not, is told again after this. */
const PERMISSION_MS = 2_000;

export interface HeldRun {
  readonly run: Run;
  readonly reasons: readonly Reason[];
}

export interface StoppedRun extends HeldRun {
  readonly reason: Reason;
}

export interface HeldRuns {
  readonly resume: readonly Run[];
  readonly pause: readonly HeldRun[];
  /** H5: those that would be, if their host had told of its machine. */
  readonly unjudged: readonly Run[];
  /** Runs that end: the reason that their host is told, and every one. */
  readonly stop: readonly StoppedRun[];
  /** Paused runs and why they stay so. */
  readonly paused: readonly HeldRun[];
}

export function heldRuns(
  held: readonly Run[],
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): HeldRuns {
  const stop = held.flatMap((run): StoppedRun[] => {
    const reasons = objectionsToHolding(run, world, host, policy, nowMs);
    const [reason] = reasons;
    return reason === undefined ? [] : [{ run, reason, reasons }];
  });
  const going = held.filter((run) => !stop.some((each) => each.run.id === run.id));
  const pausable = going.filter((run) => run.phase.kind !== 'paused');
  const objectedTo = pausable
    .map((run) => ({ run, reasons: guardObjections(run, world, host, policy, nowMs) }))
    .filter(({ reasons }) => reasons.length > 0);
  const paused = going
    .filter((run) => run.phase.kind === 'paused')
    .map((run) => ({
      run,
      reasons: objectionsToResuming(run, world, host, policy, nowMs),
    }));
  const hasTold = host.readings.size > 0;
  return {
    stop,
    pause: hasTold ? objectedTo : [],
    unjudged: hasTold ? [] : objectedTo.map(({ run }) => run),
    resume: paused.filter(({ reasons }) => reasons.length === 0).map(({ run }) => run),
    paused: paused.filter(({ reasons }) => reasons.length > 0),
  };
}

/** Why a run may not keep its slot. */
function objectionsToHolding(
  run: Run,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  const updater = world.updaters.get(run.updaterId);
  if (updater === undefined) {
    return [{ code: 'OPERATOR', message: `${run.updaterId} was withdrawn` }];
  }
  const reasons = orderObjections({ key: keyOf(run), updater }, world, policy, nowMs);
  if (run.work.kind === 'revert') return reasons.filter(({ code }) => code === 'TRIPPED');
  if (updater.state === 'suspended') {
    reasons.unshift({ code: 'UPDATER_SUSPENDED', message: updater.why });
  }
  reasons.push(...quotaObjections(host, run.updaterId, nowMs)); // H6
  reasons.unshift(...publisherObjections(updater, policy)); // H7
  if (reasons.length > 0) return reasons;
  const level = levelNow(run, world, policy, nowMs);
  if (
    run.phase.kind === 'paused' &&
    intrusions.indexOf(level) > intrusions.indexOf(run.intrusion)
  ) {
    const message = `it may be ${level} now, it was admitted as ${run.intrusion}`;
    return [{ code: 'SUPERSEDED', message, measured: run.intrusion, limit: level }]; // H2
  }
  const { action, state } = wantOf(run, world);
  if (run.phase.kind !== 'paused' || mends(action, state)) return [];
  return windowObjections(run.intrusion, policy, nowMs); // H4
}

/** The host pauses by itself; this is the second pair of eyes. */
function guardObjections(
  run: Run,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  return objections(toContinue(wantOf(run, world), policy), host.readings, nowMs);
}

function objectionsToResuming(
  run: Run,
  world: World,
  host: HostView,
  policy: Policy,
  nowMs: number,
): Reason[] {
  return [
    ...attachmentObjections(host),
    ...permission(run, nowMs),
    ...calm(run, policy.waiting.betweenResumesMs, nowMs),
    ...objections(toResume(wantOf(run, world), policy), host.readings, nowMs),
  ];
}

/** A host whose own sensors object is asked again after a while, not in a circle. */
function permission({ phase }: Run, nowMs: number): Reason[] {
  if (phase.kind !== 'paused' || phase.permittedAtMs === undefined) return [];
  const sinceMs = nowMs - phase.permittedAtMs;
  if (sinceMs < 0 || sinceMs >= PERMISSION_MS) return [];
  const message = `it was told ${formatDuration(sinceMs)} ago that it may go on`;
  const waited = { measured: sinceMs, limit: PERMISSION_MS, unit: 'ms' } as const;
  const [from, untilMs] = [phase.permittedAtMs, phase.permittedAtMs + PERMISSION_MS];
  return [{ code: 'RETRY_LATER', message, about: 'permission', ...waited, sinceMs: from, untilMs }];
}

/** What flaps pauses a run each time; it does not make it go on each time (H3). */
function calm({ phase, resumedAtMs }: Run, betweenMs: number, nowMs: number): Reason[] {
  if (phase.kind !== 'paused' || phase.permittedAtMs !== undefined) return [];
  if (resumedAtMs === undefined) return [];
  const sinceMs = nowMs - resumedAtMs;
  // A clock that was set back must not hold it for ever.
  if (sinceMs < 0 || sinceMs >= betweenMs) return [];
  const message = `it went on ${formatDuration(sinceMs)} ago, and does so once in ${formatDuration(betweenMs)}`;
  const waited = { measured: sinceMs, limit: betweenMs, unit: 'ms' } as const;
  const untilMs = resumedAtMs + betweenMs;
  return [{ code: 'RETRY_LATER', message, ...waited, sinceMs: resumedAtMs, untilMs }];
}

export function attachmentObjections({ attached }: HostView): Reason[] {
  if (attached) return [];
  return [{ code: 'HOST_NOT_ATTACHED', message: 'no plugin-host is connected' }];
}

/** H1. */
function wantOf(run: Run, { updates }: World): Want {
  const state = updates.get(keyOf(run));
  const want = { action: actionOf(run), work: run.work, level: run.intrusion };
  return state === undefined ? want : { state, ...want };
}
