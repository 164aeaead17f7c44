// What a host tells of its machine, message by message, where some may be lost on the way.
//
// Invariant: T1. What lies behind a gap is not known until the next snapshot: a reading that is not
// known closes what it is asked for, and one that is wrong would not.

import { silenced, type Readings } from '../../conditions/reading.js';

export interface ToldState {
  readonly instanceId: string;
  readonly sequence: number;
  readonly readings: Readings;
  /** False from a gap on, until the next snapshot. */
  readonly isWhole: boolean;
}

/** A HostState, but for its readings. */
export interface StateMessage {
  readonly instanceId: string;
  readonly sequence: number;
  readonly snapshot: boolean;
  /** It brings readings: it is no mere sign of life. */
  readonly isChange: boolean;
}

/**
 * @param apply what the message's readings make of those before it.
 * @returns undefined when it comes from the past.
 */
export function hearState(
  before: ToldState | undefined,
  message: StateMessage,
  apply: (readings: Readings) => Readings,
): ToldState | undefined {
  const { instanceId, sequence, snapshot, isChange } = message;
  const known = before?.instanceId === instanceId ? before : undefined;
  if (snapshot) {
    if (known !== undefined && sequence < known.sequence) return undefined;
    return { instanceId, sequence, readings: apply(new Map()), isWhole: true };
  }
  const next = isChange ? sequence - 1 : sequence;
  if (known?.isWhole === true && known.sequence === next) {
    return { ...known, sequence, readings: isChange ? apply(known.readings) : known.readings };
  }
  if (known !== undefined && sequence < known.sequence) return undefined;
  const readings = silenced(before?.readings ?? new Map(), 'some of what the host told was lost');
  return { instanceId, sequence, readings, isWhole: false }; // T1
}

/** The host has not been heard for too long. */
export function fallSilent(before: ToldState): ToldState {
  return { ...before, readings: silenced(before.readings, 'the host is silent'), isWhole: false };
}
