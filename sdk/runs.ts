// UpdaterService on top of an UpdaterDefinition.
//
//   Scan     → definition.scan     → one message an update
//   Perform  → definition.perform  → progress, notices, exactly one outcome
//
// Invariants:
//   R1. A run that is asked for again first ends the attempt before: two attempts at one run never
//       work at the same time.
//   R2. More runs at once than `parallelRunsMax` claims (one by default): ABORTED / RUN_PENDING. One that was
//       cut is none of them: it is waited for.
//   R3. What is written never piles up: progress is dropped while the host reads slowly, and where
//       the same step said something less than PROGRESS_MS_MIN ago.
//   R4. A pause is answered when the run stands at a safe point or has ended, never later.

import type { ServerWritableStream } from '@grpc/grpc-js';
import type {
  Outcome,
  PerformRequest,
  PerformResponse,
  ScanRequest,
  ScanResponse,
} from '../proto/gen/lull/updater/v1/updater.js';
import { fail, failureOf, statusOf } from './failure.js';
import { clip } from './limits.js';
import type { ActionName } from './action.js';
import { SafePoint } from './safe-point.js';
import type { Call, UpdateFound, UpdaterDefinition } from './updater.js';
import { failureToWire, fromWire, outcomeToWire, settingsOf, toWire } from './wire.js';
import { actionFromWire } from '../proto/wire/action.js';

const NOTICES_MAX = 100;
const PROGRESS_MS_MIN = 50;
const RUN_ID_BYTES_MAX = 64;

type Stream<Request, Response> = ServerWritableStream<Request, Response>;

/** The call as the updater is given it. */
export type OpenCall = (
  run: Pick<Call, 'runId' | 'settings' | 'safePoint'>,
  signal: AbortSignal,
  traceparent: string | undefined,
) => Call;

interface Attempt {
  readonly cut: AbortController;
  readonly safePoint: SafePoint;
  readonly ended: Promise<void>;
}

export class Runs {
  private readonly active = new Map<string, Attempt>();

  constructor(
    private readonly updater: UpdaterDefinition,
    private readonly openCall: OpenCall,
    /** Resolves when what was logged has arrived. */
    private readonly logged: () => Promise<void>,
  ) {}

  scan(stream: Stream<ScanRequest, ScanResponse>): void {
    this.begin(stream, undefined, async (call) => {
      for await (const update of this.updater.scan({ ...call, dryRun: stream.request.dryRun })) {
        call.signal.throwIfAborted();
        if (!stream.write({ update: toWire(update) })) await drained(stream, call.signal);
      }
    });
  }

  perform(stream: Stream<PerformRequest, PerformResponse>): void {
    const { request } = stream;
    const action = actionFromWire(request.action);
    const update = request.update && fromWire(request.update);
    this.begin(stream, action, async (call) => {
      if (action === undefined || update === undefined) {
        throw fail('FIELD_INVALID', 'update and action are required');
      }
      const outcome = await this.outcomeOf(stream, call, update, action);
      call.signal.throwIfAborted();
      stream.write({ kind: { $case: 'outcome', value: outcome } });
    });
  }

  /** Resolves when the run stands at a safe point, has ended, or is not known (R4). */
  async pause(runId: string): Promise<void> {
    await this.active.get(runId)?.safePoint.ask();
  }

  resume(runId: string): void {
    this.active.get(runId)?.safePoint.resume();
  }

  /** Cuts whatever runs, and waits for it. */
  async close(): Promise<void> {
    const attempts = [...this.active.values()];
    for (const { cut } of attempts) cut.abort(fail('SHUTTING_DOWN', 'the updater was told to end'));
    await Promise.all(attempts.map(({ ended }) => ended));
  }

  /** An expected failure of an action is its outcome; a status is for calls that are no attempt. */
  private async outcomeOf(
    stream: Stream<PerformRequest, PerformResponse>,
    call: Call,
    update: UpdateFound,
    action: ActionName,
  ): Promise<Outcome> {
    let noticeCount = 0;
    let said = { step: '', at: 0 };
    const { attempt, checkpoint } = stream.request;
    try {
      const outcome = await this.updater.perform(
        {
          ...call,
          attempt,
          checkpoint,
          progress: (fraction, step) => {
            const at = performance.now();
            const soon = step === said.step && at - said.at < PROGRESS_MS_MIN;
            if (soon || stream.writableNeedDrain || call.signal.aborted) return; // R3
            said = { step, at };
            stream.write({ kind: { $case: 'progress', value: { fraction, step: clip(step) } } });
          },
          notice: (message) => {
            noticeCount += 1;
            if (noticeCount > NOTICES_MAX || call.signal.aborted) return;
            stream.write({ kind: { $case: 'notice', value: { message: clip(message) } } });
          },
        },
        update,
        action,
      );
      return outcomeToWire(outcome);
    } catch (error) {
      return failureToWire(failureOf(error, action));
    }
  }

  private begin<Request extends ScanRequest | PerformRequest, Response>(
    stream: Stream<Request, Response>,
    action: ActionName | undefined,
    work: (call: Call) => Promise<void>,
  ): void {
    const cut = new AbortController();
    stream.on('cancelled', () => {
      cut.abort(fail('CANCELLED', 'the host cut the call'));
    });
    // The host may end the sandbox with the call, so the log goes first.
    const followed = this.follow(stream, cut, work).finally(this.logged);
    void followed.then(
      () => {
        stream.end();
      },
      (error: unknown) => {
        stream.emit('error', statusOf(failureOf(error, action)));
      },
    );
  }

  private async follow<Request extends ScanRequest | PerformRequest, Response>(
    stream: Stream<Request, Response>,
    cut: AbortController,
    work: (call: Call) => Promise<void>,
  ): Promise<void> {
    const { runId, settings } = stream.request;
    const idBytes = Buffer.byteLength(runId);
    if (idBytes === 0 || idBytes > RUN_ID_BYTES_MAX) {
      throw fail('FIELD_INVALID', `run_id has ${String(idBytes)} bytes, allowed are 1 to 64`);
    }
    const again = fail('CANCELLED', 'the host asked for the same run again');
    this.active.get(runId)?.cut.abort(again);
    await this.lettingGo(); // R1, R2
    cut.signal.throwIfAborted();
    this.admit(runId);
    const traceparent = stream.metadata.get('traceparent')[0]?.toString();
    const safePoint = new SafePoint();
    const run = {
      runId,
      settings: settingsOf(settings),
      safePoint: () => safePoint.reach(cut.signal),
    };
    const running = work(this.openCall(run, cut.signal, traceparent)).finally(() => {
      this.active.delete(runId);
      safePoint.end();
    });
    this.active.set(runId, { cut, safePoint, ended: running.then(doNothing, doNothing) });
    await running;
  }

  /** Resolves when what was cut has ended. */
  private async lettingGo(): Promise<void> {
    const cut = [...this.active.values()].filter((attempt) => attempt.cut.signal.aborted);
    await Promise.all(cut.map(({ ended }) => ended));
  }

  private admit(runId: string): void {
    if (this.active.has(runId)) throw fail('RUN_PENDING', `run ${runId} is asked for twice`);
    const max = this.updater.describe.capabilities.parallelRunsMax ?? 1;
    if (this.active.size >= max) {
      const others = [...this.active.keys()].join(', ');
      throw fail('RUN_PENDING', `at most ${String(max)} at once, now: ${others}`); // R2
    }
  }
}

function doNothing(): void {
  // The error, if there was one, goes to whoever started the attempt.
}

function drained(stream: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      stream.removeListener('drain', onDrain);
      reject(signal.reason as Error);
    };
    const onDrain = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    };
    stream.once('drain', onDrain);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
