// What Lull offers to an updater, as promises.
//
// Invariant H1: no call has a deadline. While the run is frozen the host answers nothing, and a
// deadline would turn that into a failure. What ends a call is the signal of the run.

import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import {
  Digest_Algorithm,
  HostServiceClient,
  LogRequest_Severity,
  type CommitResponse,
  type FetchRequest,
  type FetchResponse,
  type Receipt as WireReceipt,
  type RevertResponse,
} from '../proto/gen/lull/host/v1/host.js';
import type { LaunchEnvironment } from './environment.js';
import { fail, failureFromHost } from './failure.js';
import { ask, cancelOnAbort } from './ask.js';
import { patiently } from './patience.js';
import { clip, MESSAGE_BYTES_MAX, METADATA_BYTES_MAX } from './limits.js';

export interface ContentDigest {
  readonly algorithm: 'sha256' | 'sha512' | 'sha1';
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

export interface FetchOrder {
  readonly url: string;
  /** Further URLs of the same content, at most 7, each of them granted. */
  readonly mirrors?: readonly string[];
  /** At least one that is not SHA-1. */
  readonly digests: readonly ContentDigest[];
  /** Where it is known exactly. */
  readonly sizeBytes?: number;
  readonly sizeMaxBytes: number;
}

export interface Artifact {
  /** Where this process reads it; read-only. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** What the host did, as the host itself observed it. */
export interface Receipt {
  readonly id: string;
  readonly root: string;
  readonly treeBeforeSha256: string;
  readonly treeAfterSha256: string;
  readonly fileCount: number;
  readonly sizeBytes: number;
}

export type Severity = 'debug' | 'info' | 'warn' | 'error';

/** Each call throws an UpdaterFailure with the host's reason when the host refuses. */
export interface Host {
  fetch(
    order: FetchOrder,
    onProgress?: (receivedBytes: number, totalBytes: number | undefined) => void,
  ): Promise<Artifact>;
  /**
   * @param stagedPath relative to the work directory.
   * @param replacedPaths of the root: what the staged tree replaces, where it is not the whole of it. All else
   *   stays as it is.
   */
  commit(root: string, stagedPath: string, replacedPaths?: readonly string[]): Promise<Receipt>;
  revert(root: string): Promise<Receipt>;
  enterCritical(why: string, expectedS: number): Promise<void>;
  leaveCritical(): Promise<void>;
  /** At most 64 KiB; durable when it resolves. */
  saveCheckpoint(checkpoint: Uint8Array): Promise<void>;
  /** Says it and goes on; lines beyond the host's rate are dropped. */
  log(severity: Severity, message: string): void;
}

/** Lines on their way; more than the host takes in a second would be dropped there anyway. */
const LOG_LINES_MAX = 20;
const LOG_BYTES_MAX = 4_096;

export class HostConnection {
  private readonly client: HostServiceClient;
  private readonly logging = new Set<Promise<void>>();

  constructor(private readonly launch: LaunchEnvironment) {
    const { hostSocketPath } = launch;
    this.client = new HostServiceClient(`unix:${hostSocketPath}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_metadata_size': METADATA_BYTES_MAX,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
  }

  close(): void {
    this.client.close();
  }

  /** Resolves when every line that was said is with the host, or can't get there. */
  async logged(): Promise<void> {
    await Promise.all(this.logging);
  }

  /** The host as one run sees it. */
  forRun(runId: string, signal: AbortSignal, traceparent: string | undefined): Host {
    const metadata = new Metadata();
    metadata.set('lull-token', this.launch.token);
    const trace = traceparent ?? this.launch.traceparent;
    if (trace !== undefined) metadata.set('traceparent', trace);
    const { client } = this;
    return {
      fetch: (order, onProgress) =>
        patiently(signal, () => this.fetch(runId, order, metadata, signal, onProgress)),
      commit: async (root, stagedPath, replacedPaths = []) => {
        const request = { runId, root, stagedPath, replacedPaths: [...replacedPaths] };
        const answer = await ask<CommitResponse>(signal, (done) =>
          client.commit(request, metadata, done),
        );
        return receiptOf(answer.receipt);
      },
      revert: async (root) => {
        const request = { runId, root };
        const answer = await ask<RevertResponse>(signal, (done) =>
          client.revert(request, metadata, done),
        );
        return receiptOf(answer.receipt);
      },
      enterCritical: async (why, expectedS) => {
        const request = { runId, why: clip(why), expectedS };
        await ask(signal, (done) => client.enterCritical(request, metadata, done));
      },
      leaveCritical: async () => {
        await ask(signal, (done) => client.leaveCritical({ runId }, metadata, done));
      },
      saveCheckpoint: async (bytes) => {
        const request = { runId, checkpoint: Buffer.from(bytes) };
        await ask(signal, (done) => client.saveCheckpoint(request, metadata, done));
      },
      log: (severity, message) => {
        this.log(severity, message, metadata);
      },
    };
  }

  private log(severity: Severity, message: string, metadata: Metadata): void {
    if (this.logging.size >= LOG_LINES_MAX) return;
    const request = { severity: severities[severity], message: clip(message, LOG_BYTES_MAX) };
    const sent = new Promise<void>((resolve) => {
      // A line that did not arrive is no reason to stop an update.
      this.client.log(request, metadata, () => {
        this.logging.delete(sent);
        resolve();
      });
    });
    this.logging.add(sent);
  }

  private fetch(
    runId: string,
    order: FetchOrder,
    metadata: Metadata,
    signal: AbortSignal,
    onProgress: ((receivedBytes: number, totalBytes: number | undefined) => void) | undefined,
  ): Promise<Artifact> {
    return new Promise((resolve, reject) => {
      const stream = this.client.fetch(fetchRequest(runId, order), metadata);
      const release = cancelOnAbort(stream, signal, reject);
      let artifact: Artifact | undefined;
      stream.on('data', ({ kind }: FetchResponse) => {
        if (kind?.$case === 'progress') {
          const { receivedBytes, totalBytes } = kind.value;
          onProgress?.(
            Number(receivedBytes),
            totalBytes === undefined ? undefined : Number(totalBytes),
          );
        } else if (kind?.$case === 'artifact') {
          const { path, sha256, sizeBytes } = kind.value;
          artifact = { path, sha256, sizeBytes: Number(sizeBytes) };
        }
      });
      stream.on('error', (error: ServiceError) => {
        release();
        reject(failureFromHost(error));
      });
      stream.on('end', () => {
        release();
        if (artifact !== undefined) resolve(artifact);
        else reject(fail('HOST_ERROR', `the host ended the download of ${order.url} with nothing`));
      });
    });
  }
}

const severities = {
  debug: LogRequest_Severity.DEBUG,
  info: LogRequest_Severity.INFO,
  warn: LogRequest_Severity.WARN,
  error: LogRequest_Severity.ERROR,
} as const;

const algorithms = {
  sha256: Digest_Algorithm.SHA256,
  sha512: Digest_Algorithm.SHA512,
  sha1: Digest_Algorithm.SHA1,
} as const;

function fetchRequest(runId: string, order: FetchOrder): FetchRequest {
  return {
    runId,
    url: order.url,
    mirrors: [...(order.mirrors ?? [])],
    digests: order.digests.map(({ algorithm, hex }) => ({ algorithm: algorithms[algorithm], hex })),
    sizeBytes: order.sizeBytes === undefined ? undefined : BigInt(order.sizeBytes),
    sizeMaxBytes: BigInt(order.sizeMaxBytes),
  };
}

function receiptOf(receipt: WireReceipt | undefined): Receipt {
  if (receipt === undefined) throw fail('HOST_ERROR', 'the host answered without a receipt');
  return { ...receipt, sizeBytes: Number(receipt.sizeBytes) };
}
