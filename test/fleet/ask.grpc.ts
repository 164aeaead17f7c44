// What a fleet's orchestrator answers, without the start of a command for each question.

import { join } from 'node:path';
import { callAbout } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import {
  FleetServiceClient,
  type FleetHost as HostTold,
} from '../../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceClient, type Entry } from '../../proto/gen/lull/operator/v1/operator.js';
import { pause } from '../../runtime/deadline.js';
import { dialUnix, unary } from '../../runtime/grpc.js';

const CALL_MS_MAX = 20_000;
const PAGE = 1_000;
const ASK_AGAIN_MS = 200;
/** Of gRPC. */
const UNAVAILABLE = 14;

/** What the table of `lull fleet hosts` says. */
export async function hostsOf({ runDir }: RunningLull): Promise<readonly HostTold[]> {
  const fleet = dialUnix(FleetServiceClient, join(runDir, 'operator.sock'));
  try {
    const hosts: HostTold[] = [];
    let pageToken = '';
    do {
      const request = { pageSize: PAGE, pageToken };
      const call = fleet.listHosts.bind(fleet);
      const page = await unary(call, request, { deadlineMs: CALL_MS_MAX });
      hosts.push(...page.hosts);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    return hosts;
  } finally {
    fleet.close();
  }
}

/** What is asked of a partition that nobody leads just then is asked again in a moment, as the answer says. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAtMs = performance.now() + CALL_MS_MAX;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code !== UNAVAILABLE || performance.now() > giveUpAtMs) throw error;
    }
    await pause(ASK_AGAIN_MS);
  }
}

/** The first entries of the journal of a machine's partition, other machines' among them. */
export async function entriesOf(by: RunningLull, hostId: string): Promise<readonly Entry[]> {
  return withOperator(by, async (operator, how) => {
    const request = { fromSequence: 1n, pageSize: PAGE, runId: '' };
    return (await unary(operator.listEntries.bind(operator), request, how(hostId))).entries;
  });
}

/** Whether the journal of a machine's partition is a whole chain. */
export async function isWhole(by: RunningLull, hostId: string): Promise<boolean> {
  return withOperator(by, async (operator, how) => {
    return (await unary(operator.verifyAudit.bind(operator), { sign: false }, how(hostId)))
      .verified;
  });
}

/** What the command says when it is refused. */
export async function refusal(by: RunningLull, args: readonly string[]): Promise<string> {
  return by.command(args).then(
    () => 'nothing was refused',
    (error: unknown) => (error as { stderr: string }).stderr,
  );
}

/** What `lull health` prints, whether it is well or not. */
export function healthOf(by: RunningLull): Promise<string> {
  return by.command(['health']).catch((error: unknown) => (error as { stdout: string }).stdout);
}

async function withOperator<T>(
  { runDir }: RunningLull,
  ask: (
    operator: OperatorServiceClient,
    how: (hostId: string) => Parameters<typeof unary>[2],
  ) => Promise<T>,
): Promise<T> {
  const operator = dialUnix(OperatorServiceClient, join(runDir, 'operator.sock'));
  try {
    const how = (hostId: string) => ({ deadlineMs: CALL_MS_MAX, metadata: callAbout(hostId) });
    return await patiently(() => ask(operator, how));
  } finally {
    operator.close();
  }
}
