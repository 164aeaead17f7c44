// What is worth telling to somebody who was told something before.
//
// A still machine must send nothing, and a slow drift must not go untold. So a value is compared with
// the one that was told, never with the one measured before it.

import { sameValue, signals, type Reading } from '../../conditions/reading.js';
import { isLevel } from './level.js';

/** One percentage point; thresholds are whole percents. */
const STEP_PERCENT = 1;
/** One hundredth of what was told, for sizes. */
const STEP_SHARE = 0.01;

/**
 * Load that begins is felt; load that ends, or sways by less, can wait for the next message. On two cores
 * one tick of the kernel's clock is half of this, from one round of a run to the next.
 */
const RISE_PERCENT = 10;

/** Whether a change must be told before the next heartbeat, where that is a moment away. */
export function isUrgent(before: Reading | undefined, after: Reading): boolean {
  if (!isLevel(after.signal)) return true;
  if (before?.value.kind !== 'number' || after.value.kind !== 'number') return true;
  if (signals[after.signal].unit !== '%') return false;
  return after.value.number - before.value.number >= RISE_PERCENT;
}

function countsAs({
  number,
  held = number,
}: {
  readonly number: number;
  readonly held?: number;
}): number {
  return held;
}

/** Whether `after` is worth telling to somebody who was told `before`. */
export function isChange(before: Reading | undefined, after: Reading): boolean {
  if (before === undefined) return true;
  if (before.value.kind !== 'number' || after.value.kind !== 'number') {
    return !sameValue(before.value, after.value);
  }
  const step = Math.max(
    Math.abs(after.value.number - before.value.number),
    Math.abs(countsAs(after.value) - countsAs(before.value)),
  );
  switch (signals[after.signal].unit) {
    case '%':
      return step >= STEP_PERCENT;
    case 'B':
    case 'B/s':
      return step > 0 && step >= before.value.number * STEP_SHARE;
    case '':
    case 'ms':
      return step > 0;
  }
}
