// At what times: windows in which things may start and go on, and hours in which the machine does not
// restart. Both are of the clock on the wall.
//
// Invariants:
//   A1. What is overdue, and what an operator wants now, waits for neither.
//   A2. A restart is judged by the hour in which it would happen: its warning may be given before.
//   A3. The hours between which a machine does not restart are one opening of a window, also on the
//       day on which the clock jumps.

import type { Reason } from '../../conditions/reason.js';
import { formatDuration } from '../../conditions/words.js';
import type { Policy } from '../policy/policy.js';
import { days, localMinute, windowState, type Window, type WindowState } from '../policy/window.js';
import { atLeast, type Intrusion } from '../runs/intrusion.js';
import type { World } from '../world/world.js';

const HOUR_MINUTES = 60;
const DAY_MINUTES = 24 * HOUR_MINUTES;

/** Whether policy lets anything start, or go on after a pause, at this time. */
export function windowObjections(level: Intrusion, policy: Policy, nowMs: number): Reason[] {
  if (policy.windows.length === 0 || atLeast(level, 'noticeable')) return []; // A1
  const state = windowState(policy.windows, policy.timeZone, nowMs);
  if (state.kind === 'open') return [];
  const until = state.untilMs === undefined ? {} : { untilMs: state.untilMs };
  const inWords =
    state.untilMs === undefined
      ? 'it never opens'
      : `opens in ${formatDuration(state.untilMs - nowMs)}`;
  const shown = { measured: clockOf(policy.timeZone, nowMs), limit: wordsOf(policy.windows) };
  const message = `outside of the window, on the clock of ${policy.timeZone}; ${inWords}`;
  return [{ code: 'OUTSIDE_WINDOW', message, ...shown, ...until }];
}

/** Whether a restart at `atMs` falls into hours in which somebody is expected. */
export function activeHourObjections(level: Intrusion, policy: Policy, atMs: number): Reason[] {
  if (atLeast(level, 'noticeable')) return []; // A1
  const { kind, untilMs } = activeState(policy, atMs);
  if (kind === 'closed') return [];
  const { fromHour, toHour } = policy.activeHours;
  const message = `the machine does not restart between ${String(fromHour)}:00 and ${String(toHour)}:00, on the clock of ${policy.timeZone}, before it is overdue`;
  const until = Number.isFinite(untilMs) ? { untilMs: untilMs - policy.restartWarningMs } : {};
  const limit = `${timeOf(fromHour * HOUR_MINUTES)}-${timeOf(toHour * HOUR_MINUTES)}`;
  const shown = { measured: clockOf(policy.timeZone, atMs), limit };
  return [{ code: 'ACTIVE_HOURS', message, ...shown, ...until }];
}

/** The time of the week on the wall: "mon 12:05". */
function clockOf(timeZone: string, atMs: number): string {
  const minute = localMinute(timeZone, atMs);
  return `${days[Math.floor(minute / DAY_MINUTES)] ?? ''} ${timeOf(minute % DAY_MINUTES)}`;
}

/** As they are written in a policy: "mon,tue 22:00-06:00"; one that opens every day has no days. */
function wordsOf(windows: readonly Window[]): string {
  return windows
    .map((window) => {
      const on = window.days.length === days.length ? '' : `${window.days.join(',')} `;
      return `${on}${timeOf(window.fromMinute)}-${timeOf(window.toMinute)}`;
    })
    .join('; ');
}

function timeOf(minuteOfDay: number): string {
  const two = (count: number): string => String(count).padStart(2, '0');
  return `${two(Math.floor(minuteOfDay / HOUR_MINUTES))}:${two(minuteOfDay % HOUR_MINUTES)}`;
}

/** The next instants at which a window opens or closes, or a restart may happen or no longer may. */
export function nextTurnsOfHours(world: World, policy: Policy, nowMs: number): number[] {
  const turns: number[] = [];
  if (policy.windows.length > 0) {
    turns.push(untilOf(windowState(policy.windows, policy.timeZone, nowMs)));
  }
  if (wantsRestart(world)) {
    const happensAtMs = nowMs + policy.restartWarningMs; // A2
    turns.push(untilOf(activeState(policy, happensAtMs)) - policy.restartWarningMs);
  }
  return turns;
}

function wantsRestart({ updates }: World): boolean {
  for (const { update } of updates.values()) if (update.nextAction === 'reboot') return true;
  return false;
}

function untilOf({ untilMs = Number.POSITIVE_INFINITY }: WindowState): number {
  return untilMs;
}

function activeState({ activeHours, timeZone }: Policy, atMs: number): WindowState {
  return windowState(activeWindows(activeHours), timeZone, atMs);
}

/** Kept, because windows are known again by their identity. */
const windowsOf = new WeakMap<Policy['activeHours'], readonly Window[]>();

/** Active hours as windows, on every day (A3). */
function activeWindows(hours: Policy['activeHours']): readonly Window[] {
  const known = windowsOf.get(hours);
  if (known !== undefined) return known;
  const [fromMinute, toMinute] = [hours.fromHour * HOUR_MINUTES, hours.toHour * HOUR_MINUTES];
  const windows: readonly Window[] = [{ days, fromMinute, toMinute }];
  windowsOf.set(hours, windows);
  return windows;
}
