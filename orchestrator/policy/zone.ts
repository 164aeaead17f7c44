// Time zones: from an instant to the clock on the wall, and where that clock jumps.
//
// A wall time is a count of milliseconds like an instant, but of the clock on the wall: what Date.UTC
// makes of its year, month, day, hour and minute.

/** Instants between which a zone keeps one distance from UTC. */
export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
  /** Wall time minus instant. */
  readonly offsetMs: number;
}

const DAY_MS = 86_400_000;
/** How exactly a jump is placed: no zone has ever jumped between two full minutes since 1972. */
const MINUTE_MS = 60_000;
/** The last instant that a date can have; what lies beyond keeps its offset. */
const DATE_MS_MAX = 8.64e15;

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

/** What the clock on the wall of `timeZone` shows at `atMs`. */
export function wallTime(timeZone: string, atMs: number): number {
  return atMs + offsetAt(timeZone, atMs);
}

/** The stretches that cover `fromMs` to `toMs`, in order and without gaps; both on full minutes. */
export function stretchesOf(timeZone: string, fromMs: number, toMs: number): Stretch[] {
  const stretches: Stretch[] = [];
  let startMs = fromMs;
  let offsetMs = offsetAt(timeZone, fromMs);
  // Day by day: no zone jumps forth and back within one.
  for (let atMs = fromMs; atMs < toMs; atMs += DAY_MS) {
    const nextMs = Math.min(atMs + DAY_MS, toMs);
    const nextOffsetMs = offsetAt(timeZone, nextMs);
    if (nextOffsetMs === offsetMs) continue;
    const jumpMs = jumpBetween(timeZone, atMs, nextMs, offsetMs);
    stretches.push({ fromMs: startMs, toMs: jumpMs, offsetMs });
    [startMs, offsetMs] = [jumpMs, nextOffsetMs];
  }
  return [...stretches, { fromMs: startMs, toMs, offsetMs }];
}

/** The first minute in which the offset is no longer `offsetMs`. */
function jumpBetween(timeZone: string, fromMs: number, toMs: number, offsetMs: number): number {
  let [beforeMs, afterMs] = [fromMs, toMs];
  while (afterMs - beforeMs > MINUTE_MS) {
    const minutes = Math.floor((afterMs - beforeMs) / 2 / MINUTE_MS);
    const middleMs = beforeMs + minutes * MINUTE_MS;
    if (offsetAt(timeZone, middleMs) === offsetMs) beforeMs = middleMs;
    else afterMs = middleMs;
  }
  return afterMs;
}

function offsetAt(timeZone: string, atMs: number): number {
  const text = formatter(timeZone).format(Math.min(Math.max(atMs, -DATE_MS_MAX), DATE_MS_MAX));
  const match = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(text);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match ?? [];
  const ms = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -ms : ms;
}

/** Formatters are costly to make and there are few zones: the last one is kept. */
let last: { readonly timeZone: string; readonly formatter: Intl.DateTimeFormat } | undefined;

function formatter(timeZone: string): Intl.DateTimeFormat {
  if (last?.timeZone !== timeZone) {
    const options = { timeZone, timeZoneName: 'longOffset' } as const;
    last = { timeZone, formatter: new Intl.DateTimeFormat('en-US', options) };
  }
  return last.formatter;
}
