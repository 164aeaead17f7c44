// Windows and instants as tests write them.

import { days, windowState, type Day, type Window } from './window.js';

export function window(from: string, to: string, on: readonly Day[] = days): Window {
  const minutes = (clock: string): number => {
    const [hours = '', rest = ''] = clock.split(':');
    return Number(hours) * 60 + Number(rest);
  };
  return { days: on, fromMinute: minutes(from), toMinute: minutes(to) };
}

export function atUtc(text: string): number {
  return Date.parse(`${text}Z`);
}

export interface Opening {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Every opening that begins between two instants, found by looking each minute. */
export function openingsBetween(
  windows: readonly Window[],
  timeZone: string,
  fromMs: number,
  toMs: number,
): Opening[] {
  const openings: { fromMs: number; toMs: number }[] = [];
  let before = windowState(windows, timeZone, fromMs - 60_000).kind;
  for (let atMs = fromMs; atMs < toMs || before === 'open'; atMs += 60_000) {
    const { kind } = windowState(windows, timeZone, atMs);
    if (kind === 'open' && before === 'closed' && atMs >= toMs) break;
    if (kind === 'open' && before === 'closed') openings.push({ fromMs: atMs, toMs: atMs });
    const last = openings.at(-1);
    if (kind === 'closed' && before === 'open' && last !== undefined) last.toMs = atMs;
    before = kind;
  }
  return openings;
}
