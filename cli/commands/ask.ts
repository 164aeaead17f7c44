// Commands that ask a running Lull one thing.

import type {
  Entry,
  GetStatusResponse,
  OperatorServiceClient,
  Run,
  Subject,
  VerifyAuditResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import {
  ReportPresenceRequest_Report as Report,
  type Reading,
} from '../../proto/gen/lull/sensor/v1/sensor.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withOperator, withSensor, type OrchestratorAt } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

/** Of one command; the server gives them in pages that it bounds itself. */
const ENTRIES_MAX = 10_000;
const RUNS_PAGE = 1_000;
/** A long journal is read from its first entry on; longer than an orchestrator waits for another one. */
const VERIFY_MS_MAX = 330_000;

export interface WholeRun {
  readonly run: Run;
  readonly entries: readonly Entry[];
}

const options = { deadlineMs: CALL_MS_MAX };

export function askStatus(at: OrchestratorAt): Promise<GetStatusResponse> {
  return withOperator(at, (operator) => unary(operator.getStatus.bind(operator), {}, options));
}

export async function askExplain(at: OrchestratorAt, subject: string): Promise<Subject[]> {
  return withOperator(at, async (operator) => {
    const { subjects } = await unary(operator.explain.bind(operator), { subject }, options);
    return subjects;
  });
}

/** Runs, newest first. */
export async function askHistory(at: OrchestratorAt, countMax: number): Promise<Run[]> {
  return withOperator(at, async (operator) => {
    const all: Run[] = [];
    let pageToken = '';
    do {
      const pageSize = Math.min(countMax - all.length, RUNS_PAGE);
      const request = { pageSize, pageToken, runId: '' };
      const page = await unary(operator.listRuns.bind(operator), request, options);
      all.push(...page.runs);
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && all.length < countMax);
    return all;
  });
}

/** One run whole. @param named its id, how that begins, or its number. */
export async function askRun(at: OrchestratorAt, named: string): Promise<WholeRun> {
  const runId = /^\d+$/.test(named) ? `run-${named}` : named;
  return withOperator(at, async (operator) => {
    const asked = { pageSize: 1, pageToken: '', runId };
    const { runs } = await unary(operator.listRuns.bind(operator), asked, options);
    const [run] = runs;
    if (run === undefined) throw new CommandError(`no run is called "${named}"`);
    const { entries } = await entriesOf(operator, 0n, run.id);
    return { run, entries };
  });
}

/** Entries, and where those begin that would follow; absent: there are none. */
interface Entries {
  readonly entries: readonly Entry[];
  readonly next?: bigint;
}

export async function askEntries(at: OrchestratorAt, fromSequence: number): Promise<Entries> {
  return withOperator(at, (operator) => entriesOf(operator, BigInt(fromSequence), ''));
}

async function entriesOf(
  operator: OperatorServiceClient,
  from: bigint,
  runId: string,
): Promise<Entries> {
  const entries: Entry[] = [];
  let fromSequence = from;
  do {
    const request = { fromSequence, pageSize: ENTRIES_MAX - entries.length, runId };
    const page = await unary(operator.listEntries.bind(operator), request, options);
    entries.push(...page.entries);
    fromSequence = page.nextSequence;
  } while (fromSequence !== 0n && entries.length < ENTRIES_MAX);
  return fromSequence === 0n ? { entries } : { entries, next: fromSequence };
}

export function askAuditVerified(
  at: OrchestratorAt,
  request = { sign: false },
): Promise<VerifyAuditResponse> {
  const patient = { deadlineMs: VERIFY_MS_MAX };
  return withOperator(at, (operator) =>
    unary(operator.verifyAudit.bind(operator), request, patient),
  );
}

const reports = { engaged: Report.ENGAGED, away: Report.AWAY, auto: Report.AUTO } as const;

/** Reports presence; returns it as it is now. @param forMs undefined: until it is said otherwise. */
export async function reportPresence(
  runDir: string,
  word: string,
  forMs: number | undefined,
): Promise<Reading | undefined> {
  if (!Object.hasOwn(reports, word)) {
    throw new CommandError(`presence is engaged, away or auto, not "${word}"`, 2);
  }
  const report = reports[word as keyof typeof reports];
  return withSensor(runDir, async (sensor) => {
    const request = { report, ttlMs: BigInt(forMs ?? 0) };
    const { presence } = await unary(sensor.reportPresence.bind(sensor), request, options);
    return presence;
  });
}
