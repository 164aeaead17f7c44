// The work itself: one Scan or one Perform, and what is believed of its answers (T16).

import { actionFromWire, actionToWire } from '../../proto/wire/action.js';
import {
  Update,
  type Failed,
  type Outcome as WireOutcome,
  type PerformRequest,
  type ScanResponse,
} from '../../proto/gen/lull/updater/v1/updater.js';
import type { Manifest } from '../../bundle/manifest.js';
import { displayText, oneLine } from '../../conditions/words.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { reasonFromUpdater, RETRY_AFTER_MS_MAX, travelling } from '../channel/dial-error.js';
import type { UpdaterChannel } from '../channel/dial.grpc.js';
import { failed, type Outcome, type RunEvent } from './event.js';
import { isWorthAnotherTry } from './failure.js';
import { floodProblem, noFinds, withFind } from './finds.js';
import type { Grant } from './grant.js';
import { paced } from './paced.loop.js';
import type { Pausable } from './pausable.js';

/** Progress is for people: so many a second are enough. */
const PROGRESS_EVERY_MS = 200;
const NOTICES_MAX = 100;
/** Ours: whoever has said its outcome ends the call; one that forgets it does not keep its slot for that. */
const END_MS_MAX = 5_000;
/** As the contract bounds them, and as the journal keeps them. */
const NOTICE_CHARS_MAX = 4_096;

export interface WorkDeps {
  readonly channel: UpdaterChannel;
  readonly manifest: Manifest;
  readonly checkpoint: Uint8Array;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Resolves when there is room on the link for what the updater says next. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  readonly emit: (event: RunEvent) => void;
  /** Told where the updater can be asked to pause. */
  readonly offer: (pausable: Pausable) => void;
  readonly log: Log;
}

export async function doWork(grant: Grant, deps: WorkDeps): Promise<Outcome> {
  const { channel, manifest } = deps;
  const described = await channel.describe();
  if (described.name !== manifest.id || described.version !== manifest.version) {
    const is = displayText(`${described.name} ${described.version}`, 160);
    return failed(
      'CONTRACT_BROKEN',
      `it describes itself as ${is}, its manifest as ${manifest.id} ${manifest.version}`,
      false,
    );
  }
  if (described.capabilities.some(({ kind }) => kind?.$case === 'pause')) {
    deps.offer(pausableOf(grant.runId, deps));
  }
  const settings = [...grant.settings].map(([name, value]) => ({ name, value }));
  const { work, runId } = grant;
  if (work.kind === 'scan') {
    return await followScan(channel.scan({ runId, dryRun: false, settings }, deps.signal), deps);
  }
  if (work.kind === 'revert') throw new Error('the host puts back by itself');
  const request = {
    runId,
    attempt: grant.attempt,
    update: Update.decode(work.update),
    action: actionToWire(work.action),
    checkpoint: Buffer.from(deps.checkpoint),
    settings,
  };
  return await followPerform(request, deps);
}

async function followPerform(request: PerformRequest, deps: WorkDeps): Promise<Outcome> {
  const isSaid = new AbortController();
  const signal = AbortSignal.any([deps.signal, isSaid.signal]);
  const progress = progressReporter(deps);
  let outcome: Outcome | undefined;
  let noticeCount = 0;
  let cancelEnd: CancelTimer = () => undefined;
  try {
    for await (const { kind } of paced(deps.channel.perform(request, signal), deps)) {
      if (outcome !== undefined)
        return failed('CONTRACT_BROKEN', 'it spoke after its outcome', false);
      switch (kind?.$case) {
        case 'progress':
          progress(kind.value.fraction, kind.value.step);
          break;
        case 'notice':
          noticeCount += 1;
          if (noticeCount <= NOTICES_MAX) {
            const message = displayText(oneLine(kind.value.message), NOTICE_CHARS_MAX);
            deps.emit({ kind: 'notice', message });
          }
          break;
        case 'outcome':
          outcome = outcomeFromWire(kind.value);
          cancelEnd = deps.clock.after(END_MS_MAX, () => {
            isSaid.abort();
          });
          break;
        case undefined:
          break;
      }
    }
  } catch (error) {
    if (outcome === undefined || !isSaid.signal.aborted) throw error;
    deps.emit({ kind: 'notice', message: 'it said its outcome, and did not end the call' });
  } finally {
    cancelEnd();
  }
  return outcome ?? failed('CONTRACT_BROKEN', 'it ended without an outcome', true);
}

async function followScan(found: AsyncIterable<ScanResponse>, deps: WorkDeps): Promise<Outcome> {
  let finds = noFinds;
  for await (const { update } of paced(found, deps)) {
    // What is absent from a scan has gone away: to pass over what it did not name would make it so.
    if (update === undefined)
      return failed('CONTRACT_BROKEN', 'it found something and sent no update', true);
    const bytes = Update.encode(update).finish();
    finds = withFind(finds, bytes.byteLength);
    const problem = floodProblem(finds, bytes.byteLength);
    if (problem !== undefined) return failed('CONTRACT_BROKEN', problem, true);
    deps.emit({ kind: 'found', update: bytes });
  }
  return { kind: 'succeeded' };
}

function pausableOf(runId: string, { channel, log }: WorkDeps): Pausable {
  return {
    pause: (deadlineMs) => channel.pause(runId, deadlineMs),
    resume: () =>
      channel.resume(runId).catch((error: unknown) => {
        log.warn(
          { err: error, runId },
          'an updater that had paused did not hear that it may go on',
        );
      }),
  };
}

/** Bounded in rate, in [0, 1], and never going back. */
function progressReporter({ clock, emit }: WorkDeps) {
  const nowMs = (): number => clock.now().monotonicMs;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  let highest = 0;
  return (fraction: number | undefined, step: string): void => {
    if (fraction !== undefined && fraction > highest) highest = Math.min(1, fraction);
    if (nowMs() - lastAtMs < PROGRESS_EVERY_MS) return;
    lastAtMs = nowMs();
    const known = fraction === undefined ? {} : { fraction: highest };
    emit({ kind: 'progress', step: displayText(step, 256), ...known });
  };
}

/** Beyond what a number holds exactly lies what the link cannot carry. */
function atMost(retryAfterMs: bigint): number {
  return retryAfterMs < BigInt(RETRY_AFTER_MS_MAX) ? Number(retryAfterMs) : RETRY_AFTER_MS_MAX;
}

/** Of a reason of the contract's that says itself what becomes of it, nothing need be said besides. */
function isTriedAgain({ reason, retry, giveUp }: Failed): boolean {
  if (giveUp || retry) return !giveUp;
  const given = reasonFromUpdater(reason);
  return given?.vendorReason === undefined && isWorthAnotherTry(given?.reason ?? 'UPDATER_ERROR');
}

function outcomeFromWire({ kind }: WireOutcome): Outcome {
  switch (kind?.$case) {
    case 'succeeded':
      return { kind: 'succeeded' };
    case 'gone':
      return { kind: 'gone' };
    case 'moreToDo': {
      const { expectedS } = kind.value;
      const nextAction = actionFromWire(kind.value.nextAction);
      return nextAction === undefined
        ? failed('CONTRACT_BROKEN', 'it has more to do and names no action', false)
        : { kind: 'more_to_do', nextAction, ...(expectedS === undefined ? {} : { expectedS }) };
    }
    case 'failed': {
      const { retryAfterMs, reason } = kind.value;
      const message = displayText(oneLine(kind.value.message), NOTICE_CHARS_MAX);
      const after = retryAfterMs === undefined ? {} : { retryAfterMs: atMost(retryAfterMs) };
      const retry = isTriedAgain(kind.value);
      if (reasonFromUpdater(reason) === undefined) {
        const word = displayText(reason, 63);
        const words = `"${word}", which is no reason in UPPER_SNAKE_CASE: ${message}`;
        return { kind: 'failed', message: words, retry, reason: 'UPDATER_ERROR', ...after };
      }
      return { kind: 'failed', message, retry, reason: travelling(reason), ...after };
    }
    case undefined:
      return failed('CONTRACT_BROKEN', 'its outcome is of an unknown kind', false);
  }
}
