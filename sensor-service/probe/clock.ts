import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { SHIFT_MS_MIN, type ClockShift } from '../reading/clock-shift.js';
import { machineWide, numberValue, unknownValue, type Instant } from '../reading/measurement.js';
import { parseUptimeMs } from '../reading/uptime.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

interface ClockDeps {
  readonly procRoot: string;
  readonly log: Log;
  readonly onShift: (shift: ClockShift) => void;
}

/**
 * Sleeps, and clocks that were set, noticed by three clocks that drift apart: the wall clock, the one
 * that stops while the machine sleeps, and the one that does not.
 */
export function clockProbe({ procRoot, log, onShift }: ClockDeps): Probe {
  const path = join(procRoot, 'uptime');
  const subject = machineWide('resume.at');
  let before: { readonly at: Instant; readonly uptimeMs: number | undefined } | undefined;
  let resumedAtMs: number | undefined;

  function notice(at: Instant, uptimeMs: number | undefined): void {
    if (before === undefined) return;
    const passedMs = at.monotonicMs - before.at.monotonicMs;
    const byMs = Math.round(at.wallMs - before.at.wallMs - passedMs);
    const sleptMs =
      uptimeMs === undefined || before.uptimeMs === undefined
        ? 0
        : Math.round(uptimeMs - before.uptimeMs - passedMs);
    if (sleptMs >= SHIFT_MS_MIN) {
      resumedAtMs = at.wallMs;
      log.info({ sleptMs }, 'the machine slept');
    }
    if (Math.abs(byMs) < SHIFT_MS_MIN) return;
    const setMs = byMs - sleptMs;
    if (Math.abs(setMs) >= SHIFT_MS_MIN) log.warn({ setMs }, 'the clock was set');
    onShift({ atMs: at.wallMs - byMs, byMs });
  }

  return {
    name: path,
    subjects: [subject],
    everyMs: 0,
    measure: (at) => {
      const file = readText(path, 'mount /proc');
      const uptimeMs = file.kind === 'text' ? parseUptimeMs(file.text) : undefined;
      notice(at, uptimeMs);
      before = { at, uptimeMs };
      if (resumedAtMs !== undefined) {
        return [{ ...subject, source: path, value: numberValue('resume.at', resumedAtMs) }];
      }
      const why = file.kind === 'missing' ? file.why : 'it has not slept since Lull started';
      return [{ ...subject, source: path, value: unknownValue(why) }];
    },
  };
}
