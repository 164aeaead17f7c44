// What the journal holds when an errand begins: an updater that was accepted, an update that a scan
// found, and the rhythm as it was learnt until then. And the hours that are learnt on the way.

import { valueOf } from '../../conditions/reading.js';
import type { Fact } from '../journal/fact.js';
import type { Policy } from '../policy/policy.js';
import { localMinute } from '../policy/window.js';
import { writtenAges } from '../world/absence-ages.js';
import { seePresence, startHours } from '../world/presence-hours.js';
import { actionOf, type Errand } from './errand.js';
import { sceneFacts, sceneUpdate } from './scene.js';
import type { Trace } from './trace.js';
import { walk } from './walk.js';

export interface Dated {
  readonly atMs: number;
  readonly fact: Fact;
}

const HOUR_MS = 3_600_000;

export function historyOf(errand: Errand, policy: Policy): Dated[] {
  const { trace, arrivalMs, stepMs, publisherDeadlineMs, severity, bytes } = errand;
  const learnt = hourFacts(trace, trace.startMs, arrivalMs, policy).until(arrivalMs);
  const update = sceneUpdate({
    nextAction: actionOf(errand),
    ...(publisherDeadlineMs === undefined ? {} : { deadlineAtMs: publisherDeadlineMs }),
    ...(severity === undefined ? {} : { severity }),
    ...(bytes === undefined ? {} : { downloadBytes: bytes }),
  });
  const scene = sceneFacts({ stepMs, updates: [update] }).map((fact) => ({
    atMs: arrivalMs,
    fact,
  }));
  return [...learnt, ...scene];
}

export interface HourFacts {
  /** The facts of hours that ended up to an instant, each once. */
  until(atMs: number): Dated[];
}

/** The rhythm's facts between two instants, as the orchestrator would learn them. */
export function hourFacts(trace: Trace, fromMs: number, toMs: number, policy: Policy): HourFacts {
  const at = walk(trace, fromMs, toMs);
  let hours = startHours(fromMs);
  hours = seePresence(hours, valueOf(at.readings, 'presence'), fromMs, -Infinity).hours;
  let hourEndMs = (Math.floor(fromMs / HOUR_MS) + 1) * HOUR_MS;
  return {
    until: (atMs) => {
      const facts: Dated[] = [];
      for (;;) {
        const changeMs = Math.min(at.nextMs(), hourEndMs);
        if (changeMs > atMs) return facts;
        if (at.nextMs() === changeMs) at.step();
        if (hourEndMs === changeMs) hourEndMs += HOUR_MS;
        const seen = seePresence(hours, valueOf(at.readings, 'presence'), changeMs, -Infinity);
        hours = seen.hours;
        for (const { startMs, awayS, returns, ages } of seen.ended) {
          if (awayS === 0 && returns === 0) continue;
          const hourOfWeek = Math.floor(localMinute(policy.timeZone, startMs) / 60);
          facts.push({
            atMs: changeMs,
            fact: { kind: 'rhythm.hour', hourOfWeek, awayS, returns, ages: writtenAges(ages) },
          });
        }
      }
    },
  };
}
