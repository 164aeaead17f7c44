// The circuit breaker: who crashes or hangs too often rests, and then gets one try.
//
//   closed ─so many within the window─▶ open ─its pause is over─▶ one try ─answered─▶ closed, counting anew
//                                        ▲                           │
//                                        └──────── crashed ──────────┘
//
// Invariant: C1. It is read from the crashes alone, so that it follows the policy of now.

import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import type { Crash, UpdaterState } from '../world/world.js';

type State =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly sinceMs: number; readonly why: string };

/** The state after the last crash (C1). */
function stateAfter(
  crashes: readonly Crash[],
  { failuresMax, windowMs }: Policy['breaker'],
): State {
  let state: State = { kind: 'closed' };
  let counted: number[] = [];
  let answered = true;
  for (const crash of crashes) {
    if (state.kind === 'open' && !answered) {
      state = { kind: 'open', sinceMs: crash.atMs, why: 'crashed or hung again at its one try' };
    } else {
      if (state.kind === 'open') counted = [];
      counted = [...counted, crash.atMs].slice(-failuresMax);
      state = counting(counted, failuresMax, windowMs);
    }
    answered = crash.answered;
  }
  return state.kind === 'open' && answered ? { kind: 'closed' } : state;
}

function counting(counted: readonly number[], failuresMax: number, windowMs: number): State {
  const [first, last] = [counted[0], counted.at(-1)];
  if (first === undefined || last === undefined) return { kind: 'closed' };
  if (counted.length < failuresMax || last - first > windowMs) return { kind: 'closed' };
  const often = `${String(counted.length)} times within ${formatDuration(last - first)}`;
  return { kind: 'open', sinceMs: last, why: `crashed or hung ${often}` };
}

/** Why `updater` rests; empty: it does not, or its one try is due. */
export function breakerObjections(
  updater: UpdaterState,
  { breaker }: Policy,
  nowMs: number,
): Reason[] {
  const state = stateAfter(updater.crashes, breaker);
  if (state.kind === 'closed') return [];
  const untilMs = state.sinceMs + breaker.pauseMs;
  // A clock that was set back to before the crash has taken the rest with it.
  if (nowMs >= untilMs || nowMs < state.sinceMs) return [];
  const message = `${updater.id} ${state.why}`;
  const rested = { measured: nowMs - state.sinceMs, limit: breaker.pauseMs, unit: 'ms' } as const;
  return [{ code: 'BREAKER_OPEN', message, ...rested, sinceMs: state.sinceMs, untilMs }];
}
