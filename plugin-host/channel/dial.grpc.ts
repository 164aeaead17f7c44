// The host's line to one updater.
//
//   openUpdater: wait for the socket ─▶ pin it (T5) ─▶ dial ─▶ SERVING ─▶ UpdaterChannel
//
// Invariants:
//   U1. Nothing here fails because the updater was frozen: streams have no deadline, and the others
//       stand still meanwhile. What ends a stream is the caller's signal, or the updater.
//   U2. What comes out as an error is an UpdaterError, or the reason of the caller's signal.

import { connectivityState, type ClientReadableStream } from '@grpc/grpc-js';
import { unary } from '../../runtime/grpc.js';
import { dialStranger } from '../../runtime/stranger.grpc.js';
import { pause } from '../../runtime/deadline.js';
import {
  UpdaterServiceClient,
  type DescribeResponse,
  type PerformRequest,
  type PerformResponse,
  type ScanRequest,
  type ScanResponse,
} from '../../proto/gen/lull/updater/v1/updater.js';
import type { SandboxExit } from '../sandbox/sandbox.js';
import { UpdaterError } from './dial-error.js';
import { untilServing } from './dial-health.grpc.js';
import { patience, type Standstill } from './dial-patience.loop.js';
import { reasonGiven, updaterError } from './dial-reason.grpc.js';
import { waitForSocket, type PinnedSocket } from './dial-socket.fs.js';

const READY_MS_MAX = 10_000;
const DESCRIBE_MS_MAX = 5_000;
/** Nothing waits for it; a starved updater may take its time. */
const RESUME_MS_MAX = 30_000;
/** A connection breaks a moment before the end of the process is known. */
const CRASH_NEWS_MS_MAX = 250;

export interface UpdaterDial {
  /** As the host sees it. */
  readonly channelDir: string;
  /** Who has to own the socket. */
  readonly uid: number;
  /** Resolves when the updater's process has ended. */
  readonly exited: Promise<SandboxExit>;
  readonly signal: AbortSignal;
  /** Time to get ready, 10 s unless said otherwise. */
  readonly readyMs?: number;
  /** Time to describe itself, 5 s unless said otherwise. */
  readonly describeMs?: number;
  /** When its time stands still. */
  readonly standstill: Standstill;
}

export interface UpdaterChannel {
  /** @throws UpdaterError */
  describe(): Promise<DescribeResponse>;
  /** @throws UpdaterError, or the signal's reason. */
  scan(request: ScanRequest, signal: AbortSignal): AsyncIterable<ScanResponse>;
  /** @throws UpdaterError, or the signal's reason. */
  perform(request: PerformRequest, signal: AbortSignal): AsyncIterable<PerformResponse>;
  /** Asks for a safe point. Resolves when the run stands at one. @throws UpdaterError */
  pause(runId: string, deadlineMs: number): Promise<void>;
  /** @throws UpdaterError */
  resume(runId: string): Promise<void>;
  /** Ends every call. Idempotent. */
  close(): void;
}

/**
 * @throws UpdaterError NEVER_SERVED (the sandbox has the tail of its stderr), UPDATER_CRASHED when
 * it ended first, CONTRACT_BROKEN for a socket that is not one; or the signal's reason.
 */
export async function openUpdater(dial: UpdaterDial): Promise<UpdaterChannel> {
  const readyMs = dial.readyMs ?? READY_MS_MAX;
  const ready = patience(readyMs, dial.standstill);
  const ended = new AbortController();
  let exit: SandboxExit | undefined;
  void dial.exited.then((how) => {
    exit = how;
    ended.abort();
  });
  const stop = AbortSignal.any([dial.signal, ready.signal, ended.signal]);
  let socket: PinnedSocket | undefined;
  let client: UpdaterServiceClient | undefined;
  try {
    socket = await waitForSocket(dial.channelDir, dial.uid, stop);
    if (socket !== undefined) {
      client = dialStranger(UpdaterServiceClient, socket.path);
      if (await untilServing(client, stop)) {
        const channel = new GrpcUpdater(client, socket, ended.signal, dial);
        socket = client = undefined;
        return channel;
      }
    }
    dial.signal.throwIfAborted();
    if (ended.signal.aborted) {
      throw new UpdaterError(
        'UPDATER_CRASHED',
        `the updater ended ${wordsOf(exit)}, before it served`,
      );
    }
    throw new UpdaterError(
      'NEVER_SERVED',
      `the updater did not serve at LULL_SOCKET, and say so to a health check, within ${String(readyMs)} ms`,
    );
  } finally {
    ready.end();
    client?.close();
    socket?.close();
  }
}

function wordsOf(exit: SandboxExit | undefined): string {
  if (exit?.code !== undefined) return `with exit code ${String(exit.code)}`;
  return exit?.signal === undefined ? 'without a word' : `by ${exit.signal}`;
}

class GrpcUpdater implements UpdaterChannel {
  private readonly closed = new AbortController();

  constructor(
    private readonly client: UpdaterServiceClient,
    private readonly socket: PinnedSocket,
    private readonly ended: AbortSignal,
    private readonly dial: Pick<UpdaterDial, 'standstill' | 'describeMs'>,
  ) {}

  async describe(): Promise<DescribeResponse> {
    const { standstill, describeMs = DESCRIBE_MS_MAX } = this.dial;
    const limit = patience(describeMs, standstill);
    const stop = AbortSignal.any([limit.signal, this.closed.signal]);
    try {
      return await new Promise<DescribeResponse>((resolve, reject) => {
        const call = this.client.describe({}, (error, response) => {
          if (error === null) resolve(response);
          else reject(error);
        });
        stop.addEventListener('abort', () => {
          call.cancel();
        });
      });
    } catch (error) {
      if (limit.signal.aborted) {
        throw new UpdaterError(
          'NEVER_SERVED',
          `the updater did not answer Describe within ${String(describeMs)} ms`,
        );
      }
      throw await this.classify(error);
    } finally {
      limit.end();
    }
  }

  scan(request: ScanRequest, signal: AbortSignal): AsyncIterable<ScanResponse> {
    return this.stream(() => this.client.scan(request), signal);
  }

  perform(request: PerformRequest, signal: AbortSignal): AsyncIterable<PerformResponse> {
    return this.stream(() => this.client.perform(request), signal);
  }

  async pause(runId: string, deadlineMs: number): Promise<void> {
    const call = this.client.pause.bind(this.client);
    await unary(call, { runId, deadlineMs }, { deadlineMs }).catch(async (error: unknown) => {
      throw await this.classify(error);
    });
  }

  async resume(runId: string): Promise<void> {
    const call = this.client.resume.bind(this.client);
    const options = { deadlineMs: RESUME_MS_MAX };
    await unary(call, { runId }, options).catch(async (error: unknown) => {
      throw await this.classify(error);
    });
  }

  close(): void {
    if (this.closed.signal.aborted) return;
    this.closed.abort();
    this.client.close();
    this.socket.close();
  }

  private async *stream<T>(
    start: () => ClientReadableStream<T>,
    signal: AbortSignal,
  ): AsyncGenerator<T> {
    signal.throwIfAborted();
    const stop = AbortSignal.any([signal, this.closed.signal]);
    const call = start();
    // grpc-js emits the cancellation below as an error, also when nobody iterates any more.
    call.on('error', () => undefined);
    const cancel = (): void => {
      call.cancel();
    };
    stop.addEventListener('abort', cancel);
    if (stop.aborted) cancel();
    try {
      for await (const message of call) yield message as T;
    } catch (error) {
      signal.throwIfAborted();
      throw await this.classify(error);
    } finally {
      stop.removeEventListener('abort', cancel);
      cancel();
    }
  }

  private async classify(error: unknown): Promise<UpdaterError> {
    if (reasonGiven(error) !== undefined || this.closed.signal.aborted) {
      return updaterError(error, this.ended.aborted);
    }
    // An updater that broke off its line is as good as ended, also where a busy machine takes long
    // to tell: only as a crash the run is repeated under its id, and finds its checkpoint.
    const line = this.client.getChannel().getConnectivityState(false);
    const lost = line !== connectivityState.READY;
    await pause(CRASH_NEWS_MS_MAX, this.ended);
    return updaterError(error, lost || this.ended.aborted);
  }
}
