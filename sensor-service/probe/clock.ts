import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { SHIFT_MS_MIN, type ClockShift } from '../reading/clock-shift.js';
import {
  machineWide,
  measurement,
  numberValue,
  unknownValue,
  type Instant,
} from '../reading/measurement.js';
import { parseUptimeMs } from '../reading/uptime.js';
import type { Probe } from './probe.js';
import { readText } from './text-file.js';

/** What is made of it waits for seconds. */
const EVERY_MS = 900;

interface ClockDeps {
  readonly procRoot: string;
  readonly log: Log;
  /** @param sleptMs for how long of it the machine slept. */
  readonly onShift: (shift: ClockShift, sleptMs: number) => void;
}

/**
 * Sleeps, and clocks that were set, noticed by three clocks that drift apart: the wall clock, the one
 * that stops while the machine sleeps, and the one that does not.
 * @returns what notices them, in every round, and what tells of the last sleep.
 */
export function clockProbes({ procRoot, log, onShift }: ClockDeps): readonly [Probe, Probe] {
  const path = join(procRoot, 'uptime');
  const subject = machineWide('resume.at');
  let before: Instant | undefined;
  /** How much longer the machine has been up than awake, when that was looked at last. */
  let asleepMs: number | undefined;
  let resumedAtMs: number | undefined;

  /** @returns for how long the machine slept since the last call; undefined: it is not known. */
  function sleptMs(at: Instant): number | undefined {
    const file = readText(path, 'mount /proc');
    const uptimeMs = file.kind === 'text' ? parseUptimeMs(file.text) : undefined;
    const known = asleepMs;
    asleepMs = uptimeMs === undefined ? undefined : uptimeMs - at.monotonicMs;
    return asleepMs === undefined || known === undefined ? undefined : Math.round(asleepMs - known);
  }

  function notice(at: Instant): void {
    const last = before;
    before = at;
    const byMs =
      last === undefined
        ? 0
        : Math.round(at.wallMs - last.wallMs - (at.monotonicMs - last.monotonicMs));
    if (Math.abs(byMs) < SHIFT_MS_MIN) {
      // What it was before a sleep has to be known before: it is asked for until it is.
      if (asleepMs === undefined) sleptMs(at);
      return;
    }
    const slept = sleptMs(at);
    // A jump ahead of which nobody knows the cause is taken for the sleep that most of them are.
    const hasSlept = slept === undefined ? byMs > 0 : slept >= SHIFT_MS_MIN;
    if (hasSlept) {
      resumedAtMs = at.wallMs;
      log.info({ sleptMs: slept ?? byMs, known: slept !== undefined }, 'the machine slept');
    }
    const setMs = byMs - (slept ?? byMs);
    if (Math.abs(setMs) >= SHIFT_MS_MIN) log.warn({ setMs }, 'the clock was set');
    onShift({ atMs: at.wallMs - byMs, byMs }, hasSlept ? (slept ?? byMs) : 0);
  }

  return [
    {
      name: path,
      subjects: [],
      everyMs: 0,
      measure: (at) => {
        notice(at);
        return [];
      },
    },
    {
      name: path,
      subjects: [subject],
      everyMs: EVERY_MS,
      measure: () => {
        const value =
          resumedAtMs === undefined
            ? unknownValue('it has not slept since Lull started')
            : numberValue('resume.at', resumedAtMs);
        return [measurement(subject, path, value)];
      },
    },
  ];
}
