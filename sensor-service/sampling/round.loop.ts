// One round: every probe that is due is asked once, side by side, and none can hurt another.
//
// Invariants:
//   R1. A probe that throws or hangs makes its own subjects unknown and nothing else.
//   R2. A probe that hangs is not asked again before it has answered: it holds one call, not many.
//   R3. A probe that was asked says something of each of its subjects.

import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Probe } from '../probe/probe.js';
import { isLevel } from '../reading/level.js';
import { unknownValue, type Instant, type Measurement } from '../reading/measurement.js';

/** /proc answers in microseconds; a slow embedded controller takes tens of milliseconds. */
const PROBE_MS_MAX = 500;

export interface RoundDeps {
  readonly log: Log;
  readonly probes: readonly Probe[];
  readonly probeMsMax?: number;
}

export interface Rounds {
  /**
   * Asks every probe that is due and is not still busy with the question before.
   * @param which `edges`: only those that speak of no level.
   */
  measure(at: Instant, which?: 'all' | 'edges'): Promise<Measurement[]>;
  /** Makes every probe due at once; given a bound, those alone that are asked at least so often. */
  expire(everyMsMax?: number): void;
}

export function createRounds(deps: RoundDeps): Rounds {
  const hanging = new Set<Probe>();
  const failing = new Set<Probe>();
  const dueAtMs = new Map<Probe, number>();

  async function ask(probe: Probe, at: Instant): Promise<Measurement[]> {
    dueAtMs.set(probe, at.monotonicMs + probe.everyMs);
    try {
      const answer = probe.measure(at);
      const measured = answer instanceof Promise ? await answerOf(probe, answer) : answer;
      failing.delete(probe);
      return complete(probe, measured);
    } catch (error) {
      if (!failing.has(probe)) deps.log.warn({ err: error, probe: probe.name }, 'a probe failed');
      failing.add(probe);
      return failed(probe, error); // R1
    }
  }

  function answerOf(probe: Probe, answer: Promise<Measurement[]>): Promise<Measurement[]> {
    hanging.add(probe);
    const settle = (): void => {
      hanging.delete(probe);
    };
    answer.then(settle, settle);
    return within(answer, deps.probeMsMax ?? PROBE_MS_MAX, `reading ${probe.name}`);
  }

  return {
    measure: async (at, which = 'all') => {
      const due = deps.probes.filter(
        (probe) =>
          !hanging.has(probe) && // R2
          at.monotonicMs >= (dueAtMs.get(probe) ?? -Infinity) &&
          (which === 'all' || !probe.subjects.some(({ signal }) => isLevel(signal))),
      );
      return (await Promise.all(due.map((probe) => ask(probe, at)))).flat();
    },
    expire: (everyMsMax = Infinity) => {
      for (const probe of deps.probes) if (probe.everyMs <= everyMsMax) dueAtMs.delete(probe);
    },
  };
}

/** What the probe said, and `unknown` where it forgot one of its subjects (R3). */
function complete(probe: Probe, measured: readonly Measurement[]): Measurement[] {
  return probe.subjects.map(
    (subject) =>
      measured.find((m) => m.signal === subject.signal && m.instance === subject.instance) ?? {
        ...subject,
        source: probe.name,
        value: unknownValue(`${probe.name} said nothing`),
      },
  );
}

function failed(probe: Probe, error: unknown): Measurement[] {
  const value = unknownValue(error instanceof Error ? error.message : 'the probe failed');
  return probe.subjects.map((subject) => ({ ...subject, source: probe.name, value }));
}
