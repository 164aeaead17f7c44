// For how long nobody has touched anything, as systems other than Linux print it. Not tried on them:
// written from their manuals.
//
// Invariant: E1. What is not understood is undefined, which is never "nobody there".

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NS_PER_MS = 1_000_000;
/** Longer than this no machine has been up. */
const IDLE_MS_MAX = 10 * 365 * DAY_MS;
/** Sessions that are looked at; more are somebody's mistake. */
const SESSIONS_MAX = 1_024;

/** macOS: `ioreg -r -d 1 -c IOHIDSystem`. The smallest of its counters, which are in nanoseconds. */
export function hidIdleMs(text: string): number | undefined {
  const counters = [...text.matchAll(/"HIDIdleTime" = (\d{1,20})\n/g)].map(([, ns]) => Number(ns));
  return counters.length === 0 ? undefined : possible(Math.min(...counters) / NS_PER_MS);
}

/**
 * `who -u`, which POSIX has: "." is a minute at most, "old" more than a day. Nobody logged in at a
 * terminal is an empty text, and Infinity.
 */
export function whoIdleMs(text: string): number | undefined {
  return leastOf(text, 0, (line) => {
    const idle = /^\S+ .*? (\.|old|\d\d:\d\d) +\d+(?: .*)?$/.exec(line)?.[1];
    if (idle === '.') return 0;
    if (idle === 'old') return DAY_MS;
    const [, hours, minutes] = /^(\d\d):(\d\d)$/.exec(idle ?? '') ?? [];
    if (hours === undefined) return undefined;
    return Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS;
  });
}

/**
 * Windows: `quser`, a line of headings in the language of the machine, then one for each session, with
 * the idle time before the date of the login: "none", ".", "5", "1:07" or "2+03:15".
 */
export function quserIdleMs(text: string): number | undefined {
  return leastOf(text, 1, (line) => {
    const [, idle] = / \d+ +\S+ +(none|\.|(?:\d+\+)?\d+(?::\d\d)?) +\S.*$/.exec(line) ?? [];
    if (idle === undefined) return undefined;
    if (idle === 'none' || idle === '.') return 0;
    const [, days = '0', first = '', minutes] = /^(?:(\d+)\+)?(\d+)(?::(\d\d))?$/.exec(idle) ?? [];
    const rest =
      minutes === undefined
        ? Number(first) * MINUTE_MS
        : Number(first) * HOUR_MS + Number(minutes) * MINUTE_MS;
    return possible(Number(days) * DAY_MS + rest);
  });
}

/** The shortest of the lines' times; undefined where one is not understood (E1). */
function leastOf(
  text: string,
  headings: number,
  idleMsOf: (line: string) => number | undefined,
): number | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (lines.length < headings) return undefined;
  let least = Infinity;
  for (const line of lines.slice(headings, headings + SESSIONS_MAX)) {
    const idleMs = idleMsOf(line);
    if (idleMs === undefined) return undefined;
    least = Math.min(least, idleMs);
  }
  return least;
}

function possible(ms: number): number | undefined {
  return ms <= IDLE_MS_MAX ? ms : undefined;
}
