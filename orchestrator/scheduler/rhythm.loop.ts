// Learning the rhythm: presence as it changes, one small fact an hour.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Policy } from '../policy/policy.js';
import { localMinute } from '../policy/window.js';
import type { Ledger } from '../world/ledger.loop.js';
import { writtenAges } from '../world/absence-ages.js';
import { seePresence, startHours } from '../world/presence-hours.js';

const LOOK_EVERY_MS = 3_600_000;

export interface RhythmWatch extends Closeable {
  see(readings: Readings): void;
}

export function watchRhythm(deps: {
  readonly ledger: Ledger;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly log: Log;
}): RhythmWatch {
  const { clock, ledger, log } = deps;
  let hours = startHours(clock.now().wallMs);
  let readings: Readings = new Map();
  let cancel: CancelTimer = () => undefined;

  function look(): void {
    const woke = valueOf(readings, 'resume.at');
    const wokeAtMs = woke.kind === 'number' ? woke.number : -Infinity;
    const seen = seePresence(hours, valueOf(readings, 'presence'), clock.now().wallMs, wokeAtMs);
    hours = seen.hours;
    const { timeZone } = deps.policy();
    const facts = seen.ended
      .filter(({ awayS, returns }) => awayS > 0 || returns > 0)
      .map(({ startMs, awayS, returns, ages }) => ({
        kind: 'rhythm.hour' as const,
        hourOfWeek: Math.floor(localMinute(timeZone, startMs) / 60),
        awayS,
        returns,
        ages: writtenAges(ages),
      }));
    if (facts.length === 0) return;
    ledger.append(facts).catch((error: unknown) => {
      log.warn({ err: error }, 'an hour of the rhythm was not kept');
    });
  }

  function again(): void {
    cancel = clock.after(LOOK_EVERY_MS, () => {
      look();
      again();
    });
  }

  again();
  return {
    see: (next) => {
      const isNews = (['presence', 'resume.at'] as const).some(
        (signal) => next.get(signal) !== readings.get(signal),
      );
      readings = next;
      if (isNews) look();
    },
    close: () => {
      cancel();
    },
  };
}
