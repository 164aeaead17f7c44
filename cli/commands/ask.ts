// Commands that ask a running Lull one thing.

import type {
  Entry,
  GetStatusResponse,
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

const ENTRIES_MAX = 10_000;

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
    const request = { pageSize: countMax, pageToken: '', runId: '' };
    const { runs } = await unary(operator.listRuns.bind(operator), request, options);
    return runs;
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
    const request = { fromSequence: 0n, pageSize: ENTRIES_MAX, runId: run.id };
    const { entries } = await unary(operator.listEntries.bind(operator), request, options);
    return { run, entries };
  });
}

export async function askEntries(at: OrchestratorAt, fromSequence: number): Promise<Entry[]> {
  return withOperator(at, async (operator) => {
    const request = { fromSequence: BigInt(fromSequence), pageSize: ENTRIES_MAX, runId: '' };
    const { entries } = await unary(operator.listEntries.bind(operator), request, options);
    return entries;
  });
}

export function askAuditVerified(at: OrchestratorAt): Promise<VerifyAuditResponse> {
  return withOperator(at, (operator) => unary(operator.verifyAudit.bind(operator), {}, options));
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
