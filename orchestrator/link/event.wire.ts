// A host's events, as facts for the journal. Generated types stop here.

import { isReasonCode, type ReasonCode } from '../../conditions/reason.js';
import { displayText } from '../../conditions/words.js';
import { listedChanges } from '../../conditions/listed-changes.js';
import type {
  Downloaded,
  FileChange,
  Finished,
  Installed,
  RootChanged,
  RunEvent,
} from '../../proto/gen/lull/link/v1/link.js';
import { actionFromWire } from '../../proto/wire/action.js';
import type { Fact } from '../journal/fact.js';
import type { Outcome } from '../runs/run.js';
import type { ReceivedUpdate } from '../runs/update.js';
import { updateFromWire } from './update.wire.js';

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
/** As the contract bounds the name of a run; a digest in hexadecimal; a path, and a URL. */
const RUN_ID_CHARS_MAX = 64;
const DIGEST_CHARS_MAX = 64;
const PATH_CHARS_MAX = 4_096;
const REDIRECTS_MAX = 16;
const REASONS_MAX = 32;
/** As a manifest bounds its entrypoint. */
const ARGUMENTS_MAX = 32;
const WORD_CHARS_MAX = 256;

export function eventFromWire(wire: RunEvent): LinkEvent {
  return {
    sequence: Number(wire.sequence),
    runId: runIdOf(wire),
    epoch: Number(wire.epoch),
    body: bodyFromWire(wire),
  };
}

/** A longer one is of no run. */
function runIdOf({ runId }: RunEvent): string {
  return runId.slice(0, RUN_ID_CHARS_MAX);
}

function bodyFromWire(wire: RunEvent): LinkEvent['body'] {
  const { epoch: granted, kind } = wire;
  const of = { runId: runIdOf(wire), epoch: Number(granted) };
  switch (kind?.$case) {
    case 'started': {
      const { sandboxSha256, launchMs } = kind.value;
      const argv = kind.value.argv
        .slice(0, ARGUMENTS_MAX)
        .map((each) => each.slice(0, WORD_CHARS_MAX));
      return fact({
        kind: 'run.started',
        ...of,
        sandboxSha256: digest(sandboxSha256),
        ...(launchMs === 0 ? {} : { launchMs }),
        ...(argv.length > 0 ? { argv } : {}),
      });
    }
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
      const codes = codesIn(reasons);
      return fact({ kind: 'run.paused', ...of, reasons: codes, cpuUs: Number(cpuUs), ...reaction });
    }
    case 'thawed':
      return fact({
        kind: 'run.thawed',
        ...of,
        frozenMs: Number(kind.value.frozenMs),
        cpuUsWhileFrozen: Number(kind.value.cpuUsWhileFrozen),
      });
    case 'downloaded':
      return fact(downloaded(of, kind.value));
    case 'installed':
      return fact({
        kind: 'content.installed',
        ...of,
        ...treeChange(kind.value),
        receiptId: kind.value.receiptId.slice(0, WORD_CHARS_MAX),
        reverted: kind.value.reverted,
      });
    case 'rootChanged': {
      const { problem } = kind.value;
      const why = problem === '' ? {} : { problem: displayText(problem, 256) };
      return fact({ kind: 'root.changed', ...of, ...treeChange(kind.value), ...why });
    }
    case 'egress': {
      const { host, port, allowed, sentBytes, receivedBytes, connectionCount, reason } = kind.value;
      const bytes = { sentBytes: Number(sentBytes), receivedBytes: Number(receivedBytes) };
      return fact({
        kind: 'egress.seen',
        ...of,
        ...{ host: host.slice(0, WORD_CHARS_MAX), port, allowed, ...bytes },
        ...(connectionCount > 1 ? { connectionCount } : {}),
        ...(isReasonCode(reason) ? { reason } : {}),
      });
    }
    case 'throttled': {
      const { reasons, reactionNs, cpuUs } = kind.value;
      const reaction = reactionNs === undefined ? {} : { reactionNs: Number(reactionNs) };
      const codes = codesIn(reasons);
      return fact({
        ...{ kind: 'run.throttled', ...of, reasons: codes, cpuUs: Number(cpuUs), ...reaction },
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
    case 'notice': {
      const message = displayText(kind.value.message, MESSAGE_CHARS_MAX);
      const { noticeReason: code } = wire;
      const reason = code !== undefined && isReasonCode(code) ? { reason: code } : {};
      return fact({ kind: 'run.notice', ...of, message, ...reason });
    }
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

type OfRun = Pick<Extract<Fact, { kind: 'run.started' }>, 'runId' | 'epoch'>;

function downloaded(of: OfRun, wire: Downloaded): Fact {
  const { url, redirects, remoteAddress, sizeBytes, sha256, resumedCount, cached } = wire;
  return {
    kind: 'content.downloaded',
    ...of,
    resumedCount,
    cached,
    sizeBytes: Number(sizeBytes),
    url: url.slice(0, PATH_CHARS_MAX),
    redirects: redirects.slice(0, REDIRECTS_MAX).map((each) => each.slice(0, PATH_CHARS_MAX)),
    remoteAddress: remoteAddress.slice(0, WORD_CHARS_MAX),
    sha256: digest(sha256),
  };
}

/** What an entry holds of it: an honest host tells no more. */
function treeChange(wire: Installed | RootChanged) {
  const { changes, isCut } = listedChanges(wire.changes.map(boundedChange));
  return {
    root: wire.root.slice(0, WORD_CHARS_MAX),
    path: wire.path.slice(0, PATH_CHARS_MAX),
    treeBeforeSha256: digest(wire.treeBeforeSha256),
    treeAfterSha256: digest(wire.treeAfterSha256),
    fileCount: wire.fileCount,
    sizeBytes: Number(wire.sizeBytes),
    changes,
    truncated: wire.truncated || isCut,
  };
}

function boundedChange({ path, beforeSha256, afterSha256, mode, beforeMode }: FileChange) {
  return {
    path: path.slice(0, PATH_CHARS_MAX),
    mode,
    ...(beforeMode === undefined ? {} : { beforeMode }),
    beforeSha256: digest(beforeSha256),
    afterSha256: digest(afterSha256),
  };
}

function digest(text: string): string {
  return text.slice(0, DIGEST_CHARS_MAX);
}

/** Also those of a newer host, which this version does not know. */
function codesIn(reasons: readonly string[]): string[] {
  return reasons.slice(0, REASONS_MAX).map((code) => displayText(code, DIGEST_CHARS_MAX));
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

function fact(value: Fact): LinkEvent['body'] {
  return { kind: 'fact', fact: value };
}
