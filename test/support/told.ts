// The story of a journal in one line a run, what Lull says to whoever asks why nothing runs, and
// waiting for what no journal tells.

import type { Fact } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { until as untilSeen } from '../../runtime/until.testing.js';
import { actionOf, outcomeOf, STEP_MS_MAX } from './story.js';

export interface ToldReason {
  readonly code: string;
  readonly message: string;
  readonly untilUnixMs?: number;
}

const LOOK_EVERY_MS = 10;

/** "scan succeeded", "download failed UPSTREAM_DOWN": every end of a run, in order. */
export function endsOf(facts: readonly Fact[]): string[] {
  return facts
    .filter(({ kind }) => kind === 'run.finished')
    .map((fact) => {
      const { kind, code = '' } = outcomeOf(fact);
      return `${actionOf(facts, fact.runId) ?? '?'} ${kind} ${code}`.trim();
    });
}

/** How many facts of each kind there are. */
export function countOf(facts: readonly Fact[], kind: string, runId?: string): number {
  return facts.filter((fact) => fact.kind === kind && (runId === undefined || fact.runId === runId))
    .length;
}

/** Every reason of everything that waits. */
export async function reasonsNow(running: RunningLull): Promise<ToldReason[]> {
  const text = await running.command(['--json', 'explain']);
  return (JSON.parse(text) as { reasons: ToldReason[] }[]).flatMap(({ reasons }) => reasons);
}

/** Asks until one of the reasons has this code. */
export async function reasonWith(running: RunningLull, code: string): Promise<ToldReason> {
  return until(`a reason ${code}`, async () =>
    (await reasonsNow(running)).find((reason) => reason.code === code),
  );
}

/** Looks until there is something, for as long as a step of Lull may take. @throws when it takes longer. */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
): Promise<Exclude<T, undefined | false>> {
  return untilSeen(what, look, { withinMs: STEP_MS_MAX, everyMs: LOOK_EVERY_MS });
}
