// Recordings of quiet windows: one row for each time that a device was left alone on mains, in
// seconds of the device's own clock on the wall since the night to 2 January 2020.

import type { Signal } from '../../conditions/reading.js';
import { faultList, numbersOf, rowsOf, type FaultList } from './rows.js';
import { merged, type Span } from './span.js';
import { traceOf, type Recording, type Trace } from './trace.js';

export const windowColumns = [
  'device',
  'trace_start_s',
  'trace_end_s',
  'ready_start_s',
  'ready_end_s',
] as const;

/** A Thursday. Local seconds are taken for UTC: the hour and the day of the week are what matters. */
export const WINDOWS_EPOCH_MS = Date.UTC(2020, 0, 2);
const devicePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const secondColumns = windowColumns.slice(1);
/** All three in one: what is not a window is a person, a battery or a network that costs. */
const tells: ReadonlySet<Signal> = new Set<Signal>(['presence', 'power.ac', 'network.metered']);
const DEVICES_MAX = 100_000;
/** Longer than any recording; keeps a bad digit from asking for years of simulation. */
export const TRACE_S_MAX = 400 * 86_400;

interface Draft {
  readonly startS: number;
  readonly endS: number;
  readonly windows: { readonly startS: number; readonly endS: number }[];
  broken: boolean;
}

/** Reads `text`. A device with a fault is left out as a whole; the others are not harmed. */
export function parseWindows(text: string): Recording {
  const drafts = new Map<string, Draft>();
  const faults = faultList();
  for (const { line, row } of rowsOf(text, faults)) {
    const device = row.slice(0, Math.max(0, row.indexOf(',')));
    if (!devicePattern.test(device)) {
      faults.add(line, `begins with no device: ${JSON.stringify(row.slice(0, 40))}`);
      continue;
    }
    const cells = numbersOf(row.slice(device.length + 1), secondColumns, line, faults);
    if (cells === undefined) {
      const [startS, endS] = [0, 0];
      drafts.set(device, {
        ...(drafts.get(device) ?? { startS, endS, windows: [] }),
        broken: true,
      });
      continue;
    }
    const [startS = 0, endS = 0, readyStartS = 0, readyEndS = 0] = cells;
    const draft = drafts.get(device) ?? { startS, endS, windows: [], broken: false };
    if (drafts.size >= DEVICES_MAX && !drafts.has(device)) {
      faults.add(line, `more than ${String(DEVICES_MAX)} devices`);
      break;
    }
    drafts.set(device, draft);
    const wrong = faultOf(draft, { startS, endS }, { startS: readyStartS, endS: readyEndS });
    if (wrong === undefined) draft.windows.push({ startS: readyStartS, endS: readyEndS });
    else {
      faults.add(line, `device ${device}: ${wrong}`);
      draft.broken = true;
    }
  }
  return recordingOf(drafts, faults);
}

function faultOf(
  draft: Draft,
  trace: { readonly startS: number; readonly endS: number },
  window: { readonly startS: number; readonly endS: number },
): string | undefined {
  if (trace.startS !== draft.startS || trace.endS !== draft.endS) {
    return 'its trace has two starts or two ends';
  }
  if (trace.endS <= trace.startS) return 'its trace ends before it starts';
  if (trace.endS - trace.startS > TRACE_S_MAX) {
    return `its trace is longer than ${String(TRACE_S_MAX / 86_400)} days`;
  }
  if (window.endS < window.startS) return 'a window ends before it starts';
  if (window.startS < trace.startS || window.endS > trace.endS) {
    return 'a window lies outside of its trace';
  }
  const last = draft.windows.at(-1);
  if (last === undefined) return undefined;
  if (window.startS < last.startS) return 'time goes backwards';
  if (window.startS < last.endS) return 'a window begins before the one before it has ended';
  return undefined;
}

function recordingOf(drafts: ReadonlyMap<string, Draft>, faults: FaultList): Recording {
  let emptyCount = 0;
  let touchingCount = 0;
  const traces: Trace[] = [];
  for (const [device, { startS, endS, windows, broken }] of drafts) {
    if (broken) continue;
    const spans = windows.map((each): Span => ({
      fromMs: msOf(each.startS),
      toMs: msOf(each.endS),
    }));
    const whole = merged(spans);
    const filled = spans.filter(({ fromMs, toMs }) => toMs > fromMs).length;
    emptyCount += spans.length - filled;
    touchingCount += filled - whole.length;
    const [startMs, endMs] = [msOf(startS), msOf(endS)];
    traces.push(traceOf({ device, startMs, endMs, away: whole, mains: whole, tells }));
  }
  return { traces, clock: 'wall', faults, mended: { emptyCount, touchingCount } };
}

function msOf(seconds: number): number {
  return WINDOWS_EPOCH_MS + Math.round(seconds * 1_000);
}
