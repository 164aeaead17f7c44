// What the auditor keeps of runs: which are held, cut off or over, and since when their subjects rest.

import type { Intrusion } from '../../orchestrator/runs/intrusion.js';
import type { Work } from '../../orchestrator/runs/update.js';

export interface AuditedRun {
  readonly epoch: number;
  readonly attempt: number;
  readonly updaterId: string;
  readonly work: Work;
  readonly level: Intrusion;
  readonly state: 'held' | 'cut' | 'over';
  readonly rest: Rest;
  readonly disowned: boolean;
}

/** After a failure: not again until then, unless the clock was set back to before it. */
export interface Rest {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export const noRest: Rest = { sinceMs: 0, untilMs: 0 };

export class AuditedRuns {
  /** When the last of those that were held was over, or cut. */
  lastEndMs = Number.NEGATIVE_INFINITY;
  private readonly runs = new Map<string, AuditedRun>();
  private readonly rests = new Map<string, Rest>();

  get(runId: string): AuditedRun | undefined {
    return this.runs.get(runId);
  }

  begin(runId: string, run: Omit<AuditedRun, 'disowned' | 'rest' | 'state'>): void {
    this.runs.set(runId, { ...run, state: 'held', rest: noRest, disowned: false });
  }

  change(runId: string, to: Partial<AuditedRun>, atMs: number): void {
    const run = this.runs.get(runId);
    if (run === undefined) return;
    if (run.state === 'held') this.lastEndMs = atMs;
    this.runs.set(runId, { ...run, ...to });
  }

  held(): AuditedRun[] {
    return [...this.runs.values()].filter(({ state }) => state === 'held');
  }

  /** Neither the run nor its subject rests. */
  hasRested(runId: string, subject: string, atMs: number): boolean {
    const rests = [this.runs.get(runId)?.rest, this.rests.get(subject)];
    return rests.every((rest) => rest === undefined || atMs < rest.sinceMs || atMs >= rest.untilMs);
  }

  rest(subject: string, rest: Rest): void {
    this.rests.set(subject, rest);
  }

  /** What it was at is gone: how it ends is nobody's failure. */
  disown(updaterId: string): void {
    for (const [id, run] of this.runs) {
      if (run.updaterId === updaterId) this.runs.set(id, { ...run, disowned: true });
    }
  }

  /** Who is accepted anew, or comes back, begins anew. */
  forgetRests(updaterId: string): void {
    for (const subject of this.rests.keys()) {
      if (subject === updaterId || subject.startsWith(`${updaterId} `)) this.rests.delete(subject);
    }
  }
}

export function subjectOf(updaterId: string, work: Work): string {
  return work.kind === 'scan' ? updaterId : `${updaterId} ${work.update.id}`;
}
