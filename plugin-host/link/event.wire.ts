// Run events for the wire. Generated types stop here.

import type { Finished, RunEvent as WireRunEvent } from '../../proto/gen/lull/link/v1/link.js';
import { Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { listedChanges } from '../../conditions/listed-changes.js';
import { actionToWire } from '../../proto/wire/action.js';
import type { Outcome, RunEvent } from '../runs/event.js';

/** What happened in a run of this host. */
export interface Report {
  readonly runId: string;
  readonly epoch: number;
  readonly atMs: number;
  readonly event: RunEvent;
}

export function reportToWire(
  sequence: number,
  { runId, epoch, atMs, event }: Report,
): WireRunEvent {
  return {
    sequence: BigInt(sequence),
    runId,
    epoch: BigInt(epoch),
    atUnixMs: BigInt(Math.round(atMs)),
    kind: eventToWire(event),
    noticeReason: event.kind === 'notice' ? event.reason : undefined,
  };
}

export function eventToWire(event: RunEvent): WireRunEvent['kind'] {
  switch (event.kind) {
    case 'started':
      return {
        $case: 'started',
        value: { ...event, launchMs: event.launchMs ?? 0, argv: [...event.argv] },
      };
    case 'progress':
      return { $case: 'progress', value: { fraction: event.fraction, step: event.step } };
    case 'found':
      return { $case: 'updateFound', value: Update.decode(event.update) };
    case 'frozen':
      return {
        $case: 'frozen',
        value: {
          reasons: [...event.reasons],
          reactionNs: event.reactionNs,
          cpuUs: BigInt(Math.round(event.cpuUs)),
        },
      };
    case 'thawed':
      return {
        $case: 'thawed',
        value: {
          frozenMs: BigInt(event.frozenMs),
          cpuUsWhileFrozen: BigInt(Math.round(event.cpuUsWhileFrozen)),
        },
      };
    case 'downloaded':
      return {
        $case: 'downloaded',
        value: { ...event, redirects: [...event.redirects], sizeBytes: BigInt(event.sizeBytes) },
      };
    case 'installed':
      return {
        $case: 'installed',
        value: { ...event, ...listed(event), sizeBytes: BigInt(event.sizeBytes) },
      };
    case 'rootChanged':
      return {
        $case: 'rootChanged',
        value: { ...event, ...listed(event), sizeBytes: BigInt(event.sizeBytes) },
      };
    case 'egress':
      return {
        $case: 'egress',
        value: {
          ...event,
          sentBytes: BigInt(event.sentBytes),
          receivedBytes: BigInt(event.receivedBytes),
          reason: event.reason ?? '',
        },
      };
    case 'throttled':
      return {
        $case: 'throttled',
        value: {
          reasons: [...event.reasons],
          reactionNs: event.reactionNs,
          cpuUs: BigInt(Math.round(event.cpuUs)),
        },
      };
    case 'unthrottled':
      return {
        $case: 'unthrottled',
        value: {
          throttledMs: BigInt(event.throttledMs),
          cpuUsWhileThrottled: BigInt(Math.round(event.cpuUsWhileThrottled)),
        },
      };
    case 'critical':
      return { $case: 'critical', value: { ...event, lastedMs: BigInt(event.lastedMs) } };
    case 'notice':
      return { $case: 'notice', value: { message: event.message } };
    case 'finished':
      return {
        $case: 'finished',
        value: { outcome: outcomeToWire(event.outcome), stderrTail: event.outputTail },
      };
  }
}

/** Those of its changes that an entry of the journal holds, and any carrier carries. */
function listed({ changes, truncated }: Extract<RunEvent, { kind: 'installed' | 'rootChanged' }>) {
  const { changes: kept, isCut } = listedChanges(changes);
  return { changes: kept, truncated: truncated || isCut };
}

function outcomeToWire(outcome: Outcome): Finished['outcome'] {
  switch (outcome.kind) {
    case 'succeeded':
      return { $case: 'succeeded', value: {} };
    case 'gone':
      return { $case: 'gone', value: {} };
    case 'more_to_do':
      return {
        $case: 'moreToDo',
        value: { nextAction: actionToWire(outcome.nextAction), expectedS: outcome.expectedS },
      };
    case 'failed':
      return {
        $case: 'failed',
        value: {
          ...outcome,
          giveUp: !outcome.retry,
          retryAfterMs:
            outcome.retryAfterMs === undefined ? undefined : BigInt(outcome.retryAfterMs),
        },
      };
    case 'cancelled':
      return { $case: 'cancelled', value: { reason: outcome.reason } };
  }
}
