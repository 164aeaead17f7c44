// A host's events, as facts for the journal. Generated types stop here.

import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { displayText } from '../../conditions/words.js';
import type { Finished, RunEvent } from '../../proto/gen/lull/link/v1/link.js';
import { actionFromWire } from '../../proto/wire/action.js';
import type { Fact } from '../journal/fact.js';
import type { Outcome } from '../runs/run.js';
import { updateFromWire, type ReceivedUpdate } from './update.wire.js';

export interface LinkEvent {
  readonly sequence: number;
  readonly runId: string;
  readonly epoch: number;
  readonly body:
    | { readonly kind: 'fact'; readonly fact: Fact }
    | { readonly kind: 'finished'; readonly outcome: Outcome; readonly stderrTail: string }
    | { readonly kind: 'found'; readonly received: ReceivedUpdate }
    | { readonly kind: 'progress'; readonly fraction?: number; readonly step: string }
    /** Of a newer host; acknowledged and left alone. */
    | { readonly kind: 'unknown' };
}

const MESSAGE_CHARS_MAX = 4_096;
const REASONS_MAX = 32;
const CODE_CHARS_MAX = 64;

export function eventFromWire(wire: RunEvent): LinkEvent {
  return {
    sequence: Number(wire.sequence),
    runId: wire.runId,
    epoch: Number(wire.epoch),
    body: bodyFromWire(wire),
  };
}

function bodyFromWire({ runId, epoch: granted, kind }: RunEvent): LinkEvent['body'] {
  const of = { runId, epoch: Number(granted) };
  switch (kind?.$case) {
    case 'started':
      return fact({ kind: 'run.started', ...of, ...kind.value });
    case 'progress': {
      const { fraction, step } = kind.value;
      const shown = displayText(step, 256);
      return { kind: 'progress', step: shown, ...(fraction === undefined ? {} : { fraction }) };
    }
    case 'updateFound':
      return { kind: 'found', received: updateFromWire(kind.value) };
    case 'frozen': {
      const { reasons, reactionNs, cpuUs } = kind.value;
      const reaction = reactionNs === undefined ? {} : { reactionNs: Number(reactionNs) };
      return fact({
        ...{
          kind: 'run.paused',
          ...of,
          reasons: codesIn(reasons),
          cpuUs: Number(cpuUs),
          ...reaction,
        },
      });
    }
    case 'thawed':
      return fact({
        kind: 'run.thawed',
        ...of,
        frozenMs: Number(kind.value.frozenMs),
        cpuUsWhileFrozen: Number(kind.value.cpuUsWhileFrozen),
      });
    case 'downloaded':
      return fact({
        kind: 'content.downloaded',
        ...of,
        ...kind.value,
        sizeBytes: Number(kind.value.sizeBytes),
      });
    case 'installed':
      return fact({
        kind: 'content.installed',
        ...of,
        ...kind.value,
        sizeBytes: Number(kind.value.sizeBytes),
      });
    case 'rootChanged': {
      const { sizeBytes, problem, ...rest } = kind.value;
      const why = problem === '' ? {} : { problem: displayText(problem, 256) };
      return fact({
        ...{ kind: 'root.changed', ...of, ...rest, sizeBytes: Number(sizeBytes), ...why },
      });
    }
    case 'egress': {
      const { host, port, allowed, sentBytes, receivedBytes, connectionCount, reason } = kind.value;
      const bytes = { sentBytes: Number(sentBytes), receivedBytes: Number(receivedBytes) };
      return fact({
        kind: 'egress.seen',
        ...of,
        ...{ host, port, allowed, ...bytes },
        ...(connectionCount > 1 ? { connectionCount } : {}),
        ...(isReasonCode(reason) ? { reason } : {}),
      });
    }
    case 'throttled': {
      const { reasons, reactionNs, cpuUs } = kind.value;
      const reaction = reactionNs === undefined ? {} : { reactionNs: Number(reactionNs) };
      return fact({
        ...{
          kind: 'run.throttled',
          ...of,
          reasons: codesIn(reasons),
          cpuUs: Number(cpuUs),
          ...reaction,
        },
      });
    }
    case 'unthrottled':
      return fact({
        kind: 'run.unthrottled',
        ...of,
        throttledMs: Number(kind.value.throttledMs),
        cpuUsWhileThrottled: Number(kind.value.cpuUsWhileThrottled),
      });
    case 'critical': {
      const { entered, why, lastedMs, overrun } = kind.value;
      const ended = entered ? {} : { lastedMs: Number(lastedMs) };
      const over = overrun ? { overrun } : {};
      const text = displayText(why, 256);
      return fact({ kind: 'critical.changed', ...of, entered, why: text, ...ended, ...over });
    }
    case 'notice':
      return fact({
        kind: 'run.notice',
        ...of,
        message: displayText(kind.value.message, MESSAGE_CHARS_MAX),
      });
    case 'finished':
      return {
        kind: 'finished',
        outcome: outcomeFromWire(kind.value.outcome),
        stderrTail: displayText(kind.value.stderrTail, 2_048),
      };
    case undefined:
      return { kind: 'unknown' };
  }
}

function outcomeFromWire(outcome: Finished['outcome']): Outcome {
  switch (outcome?.$case) {
    case 'succeeded':
      return { kind: 'succeeded' };
    case 'gone':
      return { kind: 'gone' };
    case 'moreToDo': {
      const { expectedS } = outcome.value;
      const nextAction = actionFromWire(outcome.value.nextAction);
      return nextAction === undefined
        ? broken('more to do, but no next action')
        : { kind: 'more_to_do', nextAction, ...(expectedS === undefined ? {} : { expectedS }) };
    }
    case 'failed': {
      const { reason, message, retry, retryAfterMs } = outcome.value;
      const code: ReasonCode = isReasonCode(reason) ? reason : 'VENDOR_REASON';
      const text = displayText(message, MESSAGE_CHARS_MAX);
      const word = displayText(reason.replace(/^vendor\//, ''), 63);
      const named = code === 'VENDOR_REASON' ? `${word}: ${text}` : text;
      const after = retryAfterMs === undefined ? {} : { retryAfterMs: Number(retryAfterMs) };
      return { kind: 'failed', code, message: named, retry, ...after };
    }
    case 'cancelled': {
      const { reason } = outcome.value;
      return { kind: 'cancelled', code: isReasonCode(reason) ? reason : 'OPERATOR' };
    }
    case undefined:
      return broken('an outcome of a kind that is not known');
  }
}

function broken(message: string): Outcome {
  return { kind: 'failed', code: 'CONTRACT_BROKEN', message, retry: false };
}

/** Why something was held: a newer host may name codes that this version does not know. */
function codesIn(reasons: readonly string[]): string[] {
  return reasons.slice(0, REASONS_MAX).map((code) => displayText(code, CODE_CHARS_MAX));
}

function fact(value: Fact): LinkEvent['body'] {
  return { kind: 'fact', fact: value };
}
