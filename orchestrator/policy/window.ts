// Time windows in local time: "mon-fri 22:00-06:00". Open or closed, and when that changes.
//
// Invariants:
//   W1. A window is judged by the clock on the wall. On the day that loses an hour, what lies in the
//       lost hour opens when the hour is over; on the day that has an hour twice, the window is open
//       through both, and it is one opening.
//   W2. From and to may lie on different days; from = to is refused when the window is read.

export const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof days)[number];

export interface Window {
  /** The days on which it opens. */
  readonly days: readonly Day[];
  /** Minutes since midnight. */
  readonly fromMinute: number;
  /** Minutes since midnight; before `fromMinute`: on the next day. */
  readonly toMinute: number;
}

export type WindowState =
  | { readonly kind: 'open'; readonly untilMs: number }
  /** `untilMs` absent: it never opens. */
  | { readonly kind: 'closed'; readonly untilMs?: number };

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Whether `timeZone` is one that this machine knows. */
export function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone });
    return true;
  } catch {
    // RangeError is how Intl says no.
    return false;
  }
}

/** State of the union of `windows` at `nowMs`. */
export function windowState(
  windows: readonly Window[],
  timeZone: string,
  nowMs: number,
): WindowState {
  const open = isOpen(windows, localMinute(timeZone, nowMs));
  const changeMs = nextChange(windows, timeZone, nowMs, open);
  if (open) return { kind: 'open', untilMs: changeMs ?? Number.POSITIVE_INFINITY };
  return changeMs === undefined ? { kind: 'closed' } : { kind: 'closed', untilMs: changeMs };
}

/** The first instant after `nowMs` at which the union is no longer as it is. */
function nextChange(
  windows: readonly Window[],
  timeZone: string,
  nowMs: number,
  open: boolean,
): number | undefined {
  const at = localMinute(timeZone, nowMs);
  const startOfMinute = nowMs - (((nowMs % MINUTE_MS) + MINUTE_MS) % MINUTE_MS);
  // Edges in the order in which the clock on the wall reaches them.
  const waits = windows
    .flatMap((window) => edgesOf(window))
    .map((edge) => (edge - at + WEEK_MINUTES - 1) % WEEK_MINUTES)
    .sort((a, b) => a - b);
  for (const wait of waits) {
    const guess = startOfMinute + (wait + 1) * MINUTE_MS;
    // W1: the offset may change on the way; an hour is what it changes by.
    for (const shift of [-120, -60, -30, 0, 30, 60, 120]) {
      const candidate = guess + shift * MINUTE_MS;
      if (candidate <= nowMs) continue;
      const before = isOpen(windows, localMinute(timeZone, candidate - MINUTE_MS));
      const after = isOpen(windows, localMinute(timeZone, candidate));
      if (before === open && after !== open) return candidate;
    }
  }
  return undefined;
}

/** Minutes of the week at which a window opens or closes. */
function edgesOf(window: Window): number[] {
  const length = lengthOf(window);
  return window.days.flatMap((day) => {
    const from = days.indexOf(day) * DAY_MINUTES + window.fromMinute;
    return [from, (from + length) % WEEK_MINUTES];
  });
}

function isOpen(windows: readonly Window[], minuteOfWeek: number): boolean {
  return windows.some((window) =>
    window.days.some((day) => {
      const from = days.indexOf(day) * DAY_MINUTES + window.fromMinute;
      return (minuteOfWeek - from + WEEK_MINUTES) % WEEK_MINUTES < lengthOf(window);
    }),
  );
}

function lengthOf({ fromMinute, toMinute }: Window): number {
  return (toMinute - fromMinute + DAY_MINUTES) % DAY_MINUTES;
}

/** Minutes since Sunday midnight on the clock on the wall. */
export function localMinute(timeZone: string, atMs: number): number {
  const parts = formatter(timeZone).formatToParts(atMs);
  const text = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  const day = days.indexOf(text('weekday').toLowerCase() as Day);
  return day * DAY_MINUTES + (Number(text('hour')) % 24) * 60 + Number(text('minute'));
}

/** Formatters are costly to make and there are few zones: the last one is kept. */
let last: { readonly timeZone: string; readonly formatter: Intl.DateTimeFormat } | undefined;

function formatter(timeZone: string): Intl.DateTimeFormat {
  if (last?.timeZone !== timeZone) {
    last = {
      timeZone,
      formatter: new Intl.DateTimeFormat('en-US', {
        timeZone,
        hourCycle: 'h23',
        weekday: 'short',
        hour: '2-digit',
        minute: '2-digit',
      }),
    };
  }
  return last.formatter;
}
