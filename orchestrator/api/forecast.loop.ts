// A forecast that lets others go first: it is many decisions, and in one process the loop that makes
// them is the one that holds the guard.

import { setImmediate as othersFirst } from 'node:timers/promises';
import { OUTLOOK_HOURS } from '../../proto/wire/outlook.js';
import { foretell, type Course, type Forecast } from '../scheduler/forecast.js';
import type { OperatorDeps } from './deps.grpc.js';

export const FORECAST_MS = OUTLOOK_HOURS * 3_600_000;
/** Nobody waits longer for an answer; what is not computed by then says so (ours). */
const COMPUTE_MS_MAX = 2_000;

/** The last step of any forecast that waits for its turn. */
let last: Promise<unknown> = Promise.resolve();

/** Between two steps, of whichever forecasts, everybody else has a turn: a hundred at once take no more. */
function myTurn(): Promise<unknown> {
  last = last.then(() => othersFirst());
  return last;
}

/** @param isEnough whether nothing more is wanted. */
export async function forecastOf(
  {
    ledger,
    hostView,
    policy,
    clock,
  }: Pick<OperatorDeps, 'ledger' | 'hostView' | 'policy' | 'clock'>,
  asked: { readonly fromMs?: number; readonly forMs: number },
  isEnough: (course: Course) => boolean = () => false,
): Promise<Forecast> {
  const { wallMs: nowMs, monotonicMs } = clock.now();
  const fromMs = Math.max(nowMs, asked.fromMs ?? nowMs);
  const span = { nowMs, fromMs, toMs: fromMs + asked.forMs };
  const course = foretell(ledger.inForce, hostView(), policy(), span);
  while (course.step() && !isEnough(course)) {
    if (clock.now().monotonicMs - monotonicMs > COMPUTE_MS_MAX) break;
    await myTurn();
  }
  return course.told();
}
