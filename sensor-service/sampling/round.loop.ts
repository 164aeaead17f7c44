// One round: every probe that is due is asked once, and none can hurt another. What is answered at once
// is told in one piece; what takes its time is told when it comes, and no round waits for it.
//
// Invariants:
//   R1. A probe that throws or hangs makes its own subjects unknown and nothing else.
//   R2. A probe that hangs is not asked again before it has answered: it holds one call, not many.
//   R3. A probe that was asked says something of each of its subjects.

import { within } from '../../runtime/deadline.js';
import type { Log } from '../../runtime/log.js';
import type { Probe } from '../probe/probe.js';
import { isLevel } from '../reading/level.js';
import {
  measurement,
  unknownValue,
  type Instant,
  type Measurement,
  type Subject,
} from '../reading/measurement.js';

/** /proc answers in microseconds; a slow embedded controller takes tens of milliseconds. */
const PROBE_MS_MAX = 500;

export interface ProbeDeps {
  readonly log: Log;
  readonly probes: readonly Probe[];
  readonly probeMsMax?: number;
}

interface RoundDeps extends ProbeDeps {
  /** @param at when it was asked for. */
  readonly tell: (measured: readonly Measurement[], at: Instant) => void;
}

export interface Rounds {
  /**
   * Asks every probe that is due and is not still busy with the question before, and tells, be it
   * nothing: whoever listens hears that it is measured.
   * @param which `edges`: only those that speak of no level.
   */
  measure(at: Instant, which?: 'all' | 'edges'): void;
  /** Resolves when everything that was asked so far has been told. */
  answered(): Promise<unknown>;
  /** Makes every probe due at once; given a bound, those alone that are asked at least so often. */
  expire(everyMsMax?: number): void;
}

/** A probe, and where it stands. */
interface Standing {
  readonly probe: Probe;
  readonly ofEdges: boolean;
  dueAtMs: number;
  hanging: boolean;
  failing: boolean;
}

export function createRounds(deps: RoundDeps): Rounds {
  const all = deps.probes.map((probe): Standing => {
    const ofEdges = !probe.subjects.some(({ signal }) => isLevel(signal));
    return { probe, ofEdges, dueAtMs: -Infinity, hanging: false, failing: false };
  });
  // Most rounds of a run ask those alone that are asked in each.
  const often = all.filter(({ probe }) => probe.everyMs === 0);
  const seldom = all.filter(({ probe }) => probe.everyMs > 0);
  let seldomDueAtMs = -Infinity;
  const coming = new Set<Promise<void>>();

  function ask(standing: Standing, at: Instant): readonly Measurement[] {
    const { probe } = standing;
    standing.dueAtMs = at.monotonicMs + probe.everyMs;
    try {
      const answer = probe.measure(at);
      if (!(answer instanceof Promise)) return complete(standing, answer);
      const told = tellWhenCome(standing, answer, at).finally(() => coming.delete(told));
      coming.add(told);
      return [];
    } catch (error) {
      return failed(standing, error);
    }
  }

  async function tellWhenCome(
    standing: Standing,
    answer: Promise<Measurement[]>,
    at: Instant,
  ): Promise<void> {
    const { probe } = standing;
    standing.hanging = true;
    const settle = (): void => {
      standing.hanging = false;
      seldomDueAtMs = Math.min(seldomDueAtMs, standing.dueAtMs);
    };
    answer.then(settle, settle);
    let measured: readonly Measurement[];
    try {
      const inTime = within(answer, deps.probeMsMax ?? PROBE_MS_MAX, `reading ${probe.name}`);
      measured = complete(standing, await inTime);
    } catch (error) {
      measured = failed(standing, error);
    }
    deps.tell(measured, at);
  }

  function failed(standing: Standing, error: unknown): Measurement[] {
    const { probe, failing } = standing;
    if (!failing) deps.log.warn({ err: error, probe: probe.name }, 'a probe failed');
    standing.failing = true;
    const value = unknownValue(error instanceof Error ? error.message : 'the probe failed');
    return probe.subjects.map((subject) => measurement(subject, probe.name, value)); // R1
  }

  /** Asks those that are due. @returns when the next of them is. */
  function askAll(
    some: readonly Standing[],
    { at, which }: { readonly at: Instant; readonly which: 'all' | 'edges' },
    told: Measurement[],
  ): number {
    let dueAtMs = Infinity;
    for (const standing of some) {
      if (standing.hanging || (which === 'edges' && !standing.ofEdges)) continue; // R2
      if (at.monotonicMs >= standing.dueAtMs) told.push(...ask(standing, at));
      dueAtMs = Math.min(dueAtMs, standing.dueAtMs);
    }
    return dueAtMs;
  }

  return {
    measure: (at, which = 'all') => {
      const told: Measurement[] = [];
      askAll(often, { at, which }, told);
      if (at.monotonicMs >= seldomDueAtMs) seldomDueAtMs = askAll(seldom, { at, which }, told);
      deps.tell(told, at);
    },
    answered: () => Promise.all(coming),
    expire: (everyMsMax = Infinity) => {
      for (const standing of all) {
        if (standing.probe.everyMs <= everyMsMax) standing.dueAtMs = -Infinity;
      }
      seldomDueAtMs = -Infinity;
    },
  };
}

/** What the probe said, and `unknown` where it forgot one of its subjects (R3). */
function complete(standing: Standing, measured: readonly Measurement[]): readonly Measurement[] {
  const { name, subjects } = standing.probe;
  standing.failing = false;
  const isWhole =
    measured.length === subjects.length &&
    subjects.every((subject, index) => isOf(subject, measured[index]));
  if (isWhole) return measured;
  return subjects.map(
    (subject) =>
      measured.find((each) => isOf(subject, each)) ??
      measurement(subject, name, unknownValue(`${name} said nothing`)),
  );
}

function isOf(subject: Subject, measured: Measurement | undefined): boolean {
  return measured?.signal === subject.signal && measured.instance === subject.instance;
}
