// lull updaters: what is registered, and bringing new ones.

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { Metadata, type ClientWritableStream } from '@grpc/grpc-js';
import type {
  RegistryServiceClient,
  SubmitRequest,
  SubmitResponse,
  Updater,
} from '../../proto/gen/lull/registry/v1/registry.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withOperator, withRegistry, type OrchestratorAt } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

/** A bundle is at most 512 MB; this is for a slow disk. */
const SUBMIT_MS_MAX = 300_000;
const CHUNK_BYTES_MAX = 512 * 1024;
const DIGEST = /^[0-9a-f]{64}$/;

export async function listUpdaters(at: OrchestratorAt): Promise<Updater[]> {
  return withRegistry(at, async (registry) => {
    const { updaters } = await unary(
      registry.listUpdaters.bind(registry),
      {},
      { deadlineMs: CALL_MS_MAX },
    );
    return updaters;
  });
}

export interface Submitted {
  readonly updater: Updater;
  /** Of the manifest that is in the file. */
  readonly manifestSha256: string;
}

/** Submits a `.lull` file. @throws what the registry refused it for. */
export async function submitUpdater(at: OrchestratorAt, file: string): Promise<Submitted> {
  const { BundleError, readLullFile } = await import('../../bundle/tar.js'); // For this alone.
  const { envelopeDigest } = await import('../../bundle/envelope.js'); // The same.
  try {
    const { envelope, tar } = await readLullFile(await openLullFile(file));
    const { updater } = await withRegistry(at, (registry) => submit(registry, envelope, tar));
    return { updater: known(updater), manifestSha256: envelopeDigest(envelope) };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new CommandError(`${file}: ${error.message} (${error.code})`);
  }
}

async function openLullFile(file: string): Promise<Readable> {
  const handle = await open(file).catch((error: unknown) => {
    throw new CommandError(`the bundle cannot be read: ${(error as Error).message}`);
  });
  return handle.createReadStream();
}

/** The registry may refuse before it has read everything: then sending stops. */
async function submit(
  registry: RegistryServiceClient,
  envelope: Buffer,
  tar: AsyncIterable<Uint8Array>,
): Promise<SubmitResponse> {
  const answered = new AbortController();
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + SUBMIT_MS_MAX };
    const call = registry.submit(new Metadata(), options, (error, answer) => {
      answered.abort();
      if (error === null) resolve(answer);
      else reject(error);
    });
    call.write({ part: { $case: 'header', value: { envelope } } });
    sendChunks(call, tar, answered.signal).catch((error: unknown) => {
      call.cancel();
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

async function sendChunks(
  call: ClientWritableStream<SubmitRequest>,
  tar: AsyncIterable<Uint8Array>,
  answered: AbortSignal,
): Promise<void> {
  for await (const bytes of tar) {
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES_MAX) {
      if (answered.aborted) return;
      const chunk = Buffer.from(bytes.subarray(at, at + CHUNK_BYTES_MAX));
      if (!call.write({ part: { $case: 'chunk', value: chunk } })) await writable(call, answered);
    }
  }
  call.end();
}

function writable(call: ClientWritableStream<SubmitRequest>, answered: AbortSignal): Promise<void> {
  if (answered.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const go = (): void => {
      resolve();
    };
    call.once('drain', go);
    answered.addEventListener('abort', go, { once: true });
  });
}

export async function enableUpdater(
  at: OrchestratorAt,
  request: {
    id: string;
    /** The one that is meant; empty: the one that was submitted last. */
    version: string;
    /** Of the manifest that is meant; empty: of whichever that version has. */
    manifestSha256: string;
    settings: ReadonlyMap<string, string>;
    attestation: string;
    /** Absent: without an end. */
    forMs: number | undefined;
  },
): Promise<Updater> {
  const { id, version, manifestSha256, attestation } = request;
  const settings = [...request.settings].map(([name, value]) => ({ name, value }));
  return withOperator(at, async (operator) => {
    const forMs = BigInt(request.forMs ?? 0);
    const message = { id, version, manifestSha256, settings, attestation, forMs };
    const { updater } = await unary(operator.enableUpdater.bind(operator), message, {
      deadlineMs: CALL_MS_MAX,
    });
    const enabled = known(updater);
    if (forMs > 0n && enabled.acceptedUntilUnixMs === undefined) {
      const why = `the orchestrator is of an older version, and has accepted ${id} without an end`;
      throw new CommandError(`${why}: "lull updaters suspend ${id}" stops it`);
    }
    return enabled;
  });
}

export async function suspendUpdater(
  at: OrchestratorAt,
  id: string,
  why: string,
): Promise<Updater> {
  return withOperator(at, async (operator) => {
    const { updater } = await unary(
      operator.suspendUpdater.bind(operator),
      { id, why },
      { deadlineMs: CALL_MS_MAX },
    );
    return known(updater);
  });
}

export async function withdrawUpdater(at: OrchestratorAt, id: string): Promise<void> {
  await withRegistry(at, (registry) =>
    unary(registry.withdraw.bind(registry), { id }, { deadlineMs: CALL_MS_MAX }),
  );
}

/** What `lull updaters` prints: a version, and the digest of its manifest. Only a version is one too. */
export function parseLookedAt(text: string): { version: string; manifestSha256: string } {
  const cut = text.indexOf('@'); // No version has one.
  if (cut < 0) return { version: text, manifestSha256: '' };
  const [version, manifestSha256] = [text.slice(0, cut), text.slice(cut + 1)];
  if (version !== '' && DIGEST.test(manifestSha256)) return { version, manifestSha256 };
  throw new CommandError(
    `"${text}" is no VERSION@DIGEST: the digest of a manifest has 64 hexadecimal digits; copy the whole command that "lull updaters" shows`,
    2,
  );
}

/** "name=value" pairs. */
export function parseSettings(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs.map((pair): [string, string] => {
      const cut = pair.indexOf('=');
      if (cut < 1) throw new CommandError(`--set wants NAME=VALUE, not "${pair}"`, 2);
      return [pair.slice(0, cut), pair.slice(cut + 1)];
    }),
  );
}

function known(updater: Updater | undefined): Updater {
  if (updater === undefined) throw new CommandError('Lull answered without an updater');
  return updater;
}
