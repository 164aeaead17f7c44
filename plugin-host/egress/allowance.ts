// What may be taken from the network at this instant: how fast, and how much of it on a network that
// somebody pays for. The operator's numbers come with the grant; what the machine is like is read here.
//
// Invariants:
//   L1. The rate is the machine's: what one run has taken, the others wait for as well.
//   L2. A person who may be there counts as there.
//   L3. What was paid for is counted over the whole run and every attempt at it, also when the network
//       changes in between; where nobody pays, nothing is held against it.

import { judgePersonAway } from '../../conditions/presence.js';
import { judgeUnmetered } from '../../conditions/network.js';
import { valueOf, type Readings } from '../../conditions/reading.js';

export interface NetworkLimits {
  /** For the machine; Infinity: as fast as it comes. */
  readonly bytesPerSMax: number;
  /** While a person is there. */
  readonly engagedBytesPerSMax: number;
  /** Of one run, over networks that are known to be metered. */
  readonly meteredBytesMax: number;
}

export const noLimits: NetworkLimits = {
  bytesPerSMax: Number.POSITIVE_INFINITY,
  engagedBytesPerSMax: Number.POSITIVE_INFINITY,
  meteredBytesMax: Number.POSITIVE_INFINITY,
};

export function bytesPerSNow(limits: NetworkLimits, readings: Readings, nowMs: number): number {
  const away = judgePersonAway({ forMs: 0 }, readings, nowMs).kind === 'open';
  return away ? limits.bytesPerSMax : Math.min(limits.bytesPerSMax, limits.engagedBytesPerSMax); // L2
}

/** Whether somebody is known to pay for what is sent now. */
export function isPaidFor(readings: Readings): boolean {
  return judgeUnmetered({ bytes: Number.POSITIVE_INFINITY }, readings).kind === 'closed';
}

/** Whether the network is known to lead everywhere: to no login, and not only nearby. */
export function leadsOut(readings: Readings): boolean {
  const value = valueOf(readings, 'network.connectivity');
  return value.kind === 'word' && value.word === 'full';
}

/** What was taken and has not been made up for by waiting. */
export interface Debt {
  readonly bytes: number;
  readonly atMs: number;
}

export const noDebt: Debt = { bytes: 0, atMs: Number.NEGATIVE_INFINITY };

/** So much may come at once: waits shorter than this are not worth a timer. */
const BURST_MS = 50;

/** Takes `bytes`, and says how long to wait before the next. */
export function take(
  debt: Debt,
  bytes: number,
  bytesPerS: number,
  nowMs: number,
): { readonly debt: Debt; readonly waitMs: number } {
  if (bytesPerS === Number.POSITIVE_INFINITY) return { debt: noDebt, waitMs: 0 };
  const paidOff = (Math.max(0, nowMs - debt.atMs) * bytesPerS) / 1_000;
  const left = Math.max(0, debt.bytes - paidOff) + bytes;
  const waitMs = (left / bytesPerS) * 1_000;
  return { debt: { bytes: left, atMs: nowMs }, waitMs: waitMs > BURST_MS ? waitMs : 0 };
}
