// What a scan has found, kept until its end, and what the journal has of it then.

import { UPDATES_PER_SCAN_MAX } from '../../conditions/scan-limits.js';
import type { Fact } from '../journal/fact.js';
import { factProblem } from '../journal/fact-size.js';
import { holdsSlot, type Outcome, type Run } from '../runs/run.js';
import type { ReceivedUpdate, Update } from '../runs/update.js';

/** What a scan has found so far. */
interface Scan {
  readonly updates: Map<string, Update>;
  /** What about some of them made no sense and was left out; no more than there are updates. */
  readonly oddities: string[];
  problem?: string;
}

/** By run. Hardly any of thousands of machines has one at a time: those that have none share this. */
export const noScans: ReadonlyMap<string, Scan> = new Map();

export function withNew(scans: typeof noScans, runId: string): typeof noScans {
  return new Map([...scans, [runId, { updates: new Map(), oddities: [] }]]);
}

export function without(scans: typeof noScans, runId: string): typeof noScans {
  const left = [...scans].filter(([id]) => id !== runId);
  return left.length === 0 ? noScans : new Map(left);
}

export function noteFound(scan: Scan, received: ReceivedUpdate): void {
  if (received.kind === 'invalid') scan.problem ??= received.why;
  else if (scan.updates.has(received.update.id)) {
    scan.problem ??= `"${received.update.id}" came twice`;
  } else if (scan.updates.size >= UPDATES_PER_SCAN_MAX) {
    scan.problem ??= `more than ${String(UPDATES_PER_SCAN_MAX)} updates`;
  } else {
    scan.updates.set(received.update.id, received.update);
    if (received.oddity !== undefined) scan.oddities.push(received.oddity);
  }
}

/**
 * What becomes of a scan that has succeeded, as its updater says.
 * @param scan what was heard of it; undefined: not all of it.
 * @param endingAs the entry of its end, as it is judged.
 */
export function scanFacts(
  run: Run,
  scan: Scan | undefined,
  endingAs: (judged: Outcome) => Fact,
): Fact[] {
  const { id: runId, updaterId } = run;
  if (scan === undefined) {
    const message = 'what it found was not heard from its start on';
    return holdsSlot(run) ? [{ kind: 'run.interrupted', runId, code: 'HOST_LOST', message }] : [];
  }
  if (scan.problem !== undefined) {
    const message = `the scan named an update that is not valid: ${scan.problem}`;
    return [endingAs(brokenBy(message))];
  }
  const found: Fact = {
    kind: 'scan.found',
    runId,
    updaterId,
    updates: [...scan.updates.values()],
  };
  const problem = factProblem(found);
  return problem === undefined
    ? [found, ...noticeOf(runId, scan), endingAs({ kind: 'succeeded' })]
    : [endingAs(brokenBy(`the scan found too much: ${problem}`))];
}

/** Of a machine that has used its quota up: what it found is as good as not found. */
export const foundTooLate: Outcome = {
  kind: 'failed',
  code: 'JOURNAL_QUOTA',
  retry: true,
  message: 'what it found is left out: the machine has said more than the journal takes of one',
};

function brokenBy(message: string): Outcome {
  return { kind: 'failed', code: 'CONTRACT_BROKEN', message, retry: true };
}

/** Oddities that are told one by one: the first few show what is wrong with the others. */
const ODDITIES_MAX = 8;

/** What was left out is said, so that an update which waits as one of unknown size can be explained. */
function noticeOf(runId: string, { oddities }: Scan): Fact[] {
  if (oddities.length === 0) return [];
  const more = oddities.length - ODDITIES_MAX;
  const said = [...oddities.slice(0, ODDITIES_MAX), ...(more > 0 ? [`${String(more)} more`] : [])];
  const message = `the scan named what makes no sense: ${said.join('; ')}`;
  return [{ kind: 'run.notice', runId, message }];
}
