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
import { CALL_MS_MAX, callMetadata, withOperator, withSensor } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

const options = {
  deadlineMs: CALL_MS_MAX,
  get metadata() {
    return callMetadata();
  },
};

export function askStatus(runDir: string): Promise<GetStatusResponse> {
  return withOperator(runDir, (operator) => unary(operator.getStatus.bind(operator), {}, options));
}

export async function askExplain(runDir: string, subject: string): Promise<Subject[]> {
  return withOperator(runDir, async (operator) => {
    const { subjects } = await unary(operator.explain.bind(operator), { subject }, options);
    return subjects;
  });
}

/** Runs, newest first. */
export async function askHistory(runDir: string, countMax: number): Promise<Run[]> {
  return withOperator(runDir, async (operator) => {
    const request = { pageSize: countMax, pageToken: '' };
    const { runs } = await unary(operator.listRuns.bind(operator), request, options);
    return runs;
  });
}

export async function askEntries(runDir: string, fromSequence: number): Promise<Entry[]> {
  return withOperator(runDir, async (operator) => {
    const request = { fromSequence: BigInt(fromSequence), pageSize: 10_000 };
    const { entries } = await unary(operator.listEntries.bind(operator), request, options);
    return entries;
  });
}

export function askAuditVerified(runDir: string): Promise<VerifyAuditResponse> {
  return withOperator(runDir, (operator) =>
    unary(operator.verifyAudit.bind(operator), {}, options),
  );
}

const reports = { engaged: Report.ENGAGED, away: Report.AWAY, auto: Report.AUTO } as const;

/** Reports presence; returns it as it is now. */
export async function reportPresence(
  runDir: string,
  word: string,
  ttlMs: number,
): Promise<Reading | undefined> {
  if (!Object.hasOwn(reports, word)) {
    throw new CommandError(`presence is engaged, away or auto, not "${word}"`, 2);
  }
  const report = reports[word as keyof typeof reports];
  return withSensor(runDir, async (sensor) => {
    const request = { report, ttlMs: BigInt(ttlMs) };
    const { presence } = await unary(sensor.reportPresence.bind(sensor), request, options);
    return presence;
  });
}
