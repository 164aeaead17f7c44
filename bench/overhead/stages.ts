// Where the time goes under Lull: the facts of the journal, as they come, on a clock.

import type { Fact } from '../../harness/follow.grpc.js';

export interface Stage {
  /** "install launch", "install work", "between runs" … */
  readonly name: string;
  readonly ms: number;
}

interface Run {
  readonly action: string;
  readonly admittedMs: number;
  readonly startedMs?: number;
}

export interface StageClock {
  note(fact: Fact, nowMs: number): void;
  readonly stages: readonly Stage[];
}

/** @param startMs when the person left. */
export function stageClock(startMs: number): StageClock {
  const runs = new Map<string, Run>();
  const stages: Stage[] = [];
  let lastEndMs = startMs;
  return {
    stages,
    note: (fact, nowMs) => {
      const id = fact.runId ?? '';
      const run = runs.get(id);
      if (fact.kind === 'run.admitted') {
        const { update } = fact['work'] as { update?: { nextAction: string } };
        runs.set(id, { action: update?.nextAction ?? 'scan', admittedMs: nowMs });
        stages.push({ name: 'between runs', ms: nowMs - lastEndMs });
      } else if (fact.kind === 'run.started' && run !== undefined) {
        runs.set(id, { ...run, startedMs: nowMs });
        stages.push({ name: `${run.action}: launch`, ms: nowMs - run.admittedMs });
      } else if (fact.kind === 'run.finished' && run !== undefined) {
        stages.push({ name: `${run.action}: work`, ms: nowMs - (run.startedMs ?? run.admittedMs) });
        lastEndMs = nowMs;
      }
    },
  };
}

/** Total by name, in the order in which the names came up. */
export function totals(stages: readonly Stage[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { name, ms } of stages) sums.set(name, (sums.get(name) ?? 0) + ms);
  return sums;
}
