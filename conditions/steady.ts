// Hysteresis of load: a level that has been high counts as high until it has clearly fallen.
//
//   measured ─▶ held: follows at once upwards, and downwards only what lies clearly below ─▶ the gate
//
// The reading carries it, so that whoever judges one needs no memory, and every threshold has its
// hysteresis, whatever policy says: a gate with the limit 20 % that has closed opens below 16 %.
//
// Invariants:
//   Y1. Upwards there is no delay: a gate never opens later than the measurement closes it.
//   Y2. What is held is let go of HELD_MS_MAX after it was last reached: load that stays below a limit,
//       or goes down slowly, is below it.

import { percentSignals, type PercentSignal, type Reading, type Signal } from './reading.js';

/** Below this share of what was reached a level has clearly fallen (ours). */
const CLEARLY_SHARE = 0.8;
/** Memory in use moves little, and its limit lies high: a fifth less would hardly ever be reached. */
const CLEARLY_SHARE_OF_MEMORY = 0.95;
/** As long as a load that comes in bouts may pause (ours). */
const HELD_MS_MAX = 300_000;

/** What a signal is held at. */
export interface Held {
  readonly percent: number;
  /** When the load was last as high as what is held. */
  readonly reachedNs: bigint;
}

/**
 * The reading with what it is held at, and what its signal is held at from now on.
 * @param past what its signal was held at.
 */
export function steadied(
  past: Held | undefined,
  reading: Reading,
): { readonly reading: Reading; readonly held: Held | undefined } {
  const { signal, value, observedMonotonicNs: nowNs } = reading;
  if (!isPercent(signal)) return { reading, held: undefined };
  if (value.kind !== 'number' || Number.isNaN(value.number)) return { reading, held: undefined };
  const held = following(past, value.number, nowNs, signal);
  if (held.percent <= value.number) return { reading, held };
  return { reading: { ...reading, value: { ...value, held: held.percent } }, held };
}

function following(
  held: Held | undefined,
  percent: number,
  nowNs: bigint,
  signal: PercentSignal,
): Held {
  const isOver = held === undefined || nowNs - held.reachedNs >= BigInt(HELD_MS_MAX) * 1_000_000n;
  if (isOver || percent >= held.percent) return { percent, reachedNs: nowNs }; // Y1, Y2
  const share = signal === 'memory.used' ? CLEARLY_SHARE_OF_MEMORY : CLEARLY_SHARE;
  const fallenTo = percent / share;
  return fallenTo < held.percent ? { ...held, percent: fallenTo } : held;
}

function isPercent(signal: Signal): signal is PercentSignal {
  return (percentSignals as readonly Signal[]).includes(signal);
}
