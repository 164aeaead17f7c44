// A host for an updater under test: a real HostService on a real socket, on directories of the test.
//
// It does what the plugin-host does as far as an updater can see it (downloads and checks digests,
// swaps a staged tree in, keeps the one before), without confinement, grants or audit. What a test wants
// to go wrong, `onCall` throws.

import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Server, ServerCredentials, status, type Metadata, type StatusObject } from '@grpc/grpc-js';
import {
  Digest_Algorithm,
  HostServiceService,
  type FetchRequest,
  type HostServiceServer,
} from '../../proto/gen/lull/host/v1/host.js';
import { hostError } from './host-error.js';
import { FakeRoots } from './fake-roots.fs.js';

const algorithms = new Map<Digest_Algorithm, string>([
  [Digest_Algorithm.SHA256, 'sha256'],
  [Digest_Algorithm.SHA512, 'sha512'],
  [Digest_Algorithm.SHA1, 'sha1'],
]);

export interface FakeHostOptions {
  /** Everything lies below it: host.sock, work, artifacts, roots/<name>. */
  readonly dir: string;
  /** Where else the socket and artifacts lie, and where the updater sees these: for a sandbox. */
  readonly socketPath?: string;
  readonly artifactsDir?: string;
  readonly artifactsSeenAt?: string;
  readonly token: string;
  /** What a host of an earlier launch kept; absent: nothing. */
  readonly kept?: KeptByHost;
  readonly onCall?: OnCall;
}

/**
 * Called before a call is served, and awaited; what it throws is the answer. What it returns is called
 * when the call has been served, before its caller hears so.
 */
export type OnCall = (what: string, request: unknown) => Awaitable<Served | undefined>;
type Served = () => Awaitable<void>;
type Awaitable<T> = T | Promise<T>;

/** What outlives a launch, and the process of its host. */
export interface KeptByHost {
  readonly roots: FakeRoots;
  readonly checkpoints: Map<string, Buffer>;
  /** What was fetched, by each digest that was ordered. */
  readonly content: Map<string, StoredContent>;
}

export interface StoredContent {
  readonly sha256: string;
  readonly byteLength: number;
}

export function keptIn(dir: string, content = new Map<string, StoredContent>()): KeptByHost {
  const roots = new FakeRoots(join(dir, 'work'), join(dir, 'roots'));
  return { roots, checkpoints: new Map(), content };
}

export interface FakeHost {
  readonly socketPath: string;
  readonly workDir: string;
  readonly rootsDir: string;
  readonly calls: readonly string[];
  readonly logLines: readonly string[];
  readonly checkpoints: ReadonlyMap<string, Buffer>;
  close(): Promise<void>;
}

export async function startFakeHost(options: FakeHostOptions): Promise<FakeHost> {
  const paths = {
    socketPath: options.socketPath ?? join(options.dir, 'host.sock'),
    workDir: join(options.dir, 'work'),
    rootsDir: join(options.dir, 'roots'),
    artifactsDir: options.artifactsDir ?? join(options.dir, 'artifacts'),
  };
  for (const dir of [paths.workDir, paths.rootsDir, paths.artifactsDir]) {
    await mkdir(dir, { recursive: true });
  }
  const seen = { calls: [] as string[], logLines: [] as string[] };
  const { roots, checkpoints, content } = options.kept ?? keptIn(options.dir);
  const admit: Parts['admit'] = async (what, request, metadata) => {
    seen.calls.push(what);
    if (metadata.get('lull-token')[0] !== options.token) {
      throw hostError(status.UNAUTHENTICATED, 'TOKEN_INVALID', 'not the token of this launch');
    }
    const served = await options.onCall?.(what, request);
    return served ?? (() => undefined);
  };
  const server = new Server();
  server.addService(
    HostServiceService,
    handlers({
      admit,
      roots,
      checkpoints,
      content,
      logLines: seen.logLines,
      store: paths.artifactsDir,
      seenAt: options.artifactsSeenAt ?? paths.artifactsDir,
    }),
  );
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${paths.socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  return {
    ...paths,
    ...seen,
    checkpoints,
    close: () => {
      server.forceShutdown();
      return rm(paths.socketPath, { force: true });
    },
  };
}

interface Parts {
  readonly admit: (what: string, request: unknown, metadata: Metadata) => Promise<Served>;
  readonly roots: FakeRoots;
  readonly checkpoints: Map<string, Buffer>;
  readonly content: Map<string, StoredContent>;
  readonly logLines: string[];
  readonly store: string;
  readonly seenAt: string;
}

function handlers({
  admit,
  roots,
  checkpoints,
  content,
  logLines,
  store,
  seenAt,
}: Parts): HostServiceServer {
  type Call<Request> = { request: Request; metadata: Metadata };
  type Done<Answer> = (error: Partial<StatusObject> | null, answer?: Answer) => void;
  const unary =
    <Request, Answer>(what: string, work: (request: Request) => Answer | Promise<Answer>) =>
    ({ request, metadata }: Call<Request>, done: Done<Answer>): void => {
      void (async () => {
        const served = await admit(what, request, metadata);
        const answer = await work(request);
        await served();
        return answer;
      })().then((answer) => {
        done(null, answer);
      }, done);
    };
  return {
    fetch: (stream) => {
      void (async () => {
        const served = await admit('fetch', stream.request, stream.metadata);
        const { sha256, byteLength } = await stored(stream.request, store, content);
        const path = join(seenAt, sha256);
        const sizeBytes = BigInt(byteLength);
        const progress = { receivedBytes: sizeBytes, totalBytes: sizeBytes };
        stream.write({ kind: { $case: 'progress', value: progress } });
        await served();
        stream.write({ kind: { $case: 'artifact', value: { sha256, sizeBytes, path } } });
        stream.end();
      })().catch((error: unknown) => stream.emit('error', error));
    },
    commit: unary('commit', async (request) => ({ receipt: await roots.commit(request) })),
    revert: unary('revert', async (request) => ({ receipt: await roots.revert(request) })),
    enterCritical: unary('enterCritical', () => ({})),
    leaveCritical: unary('leaveCritical', () => ({})),
    saveCheckpoint: unary('saveCheckpoint', ({ runId, checkpoint }) => {
      checkpoints.set(runId, checkpoint);
      return {};
    }),
    log: unary('log', ({ message }) => {
      logLines.push(message);
      return {};
    }),
  };
}

/** Content that was fetched before is not fetched again. */
async function stored(
  request: FetchRequest,
  store: string,
  known: Map<string, StoredContent>,
): Promise<StoredContent> {
  const before = request.digests.map(({ hex }) => known.get(hex));
  const [first] = before;
  if (first !== undefined && before.every((each) => each?.sha256 === first.sha256)) return first;
  const content = await download(request);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeFile(join(store, sha256), content);
  const { byteLength } = content;
  for (const { hex } of request.digests) known.set(hex, { sha256, byteLength });
  return { sha256, byteLength };
}

async function download(request: FetchRequest): Promise<Buffer> {
  const down = (words: string): Error => hostError(status.UNAVAILABLE, 'UPSTREAM_DOWN', words);
  const response = await fetch(request.url).catch((error: unknown) => {
    throw down((error as Error).message);
  });
  if (!response.ok) throw down(`answered ${String(response.status)}`);
  const content = Buffer.from(await response.arrayBuffer());
  const { sizeMaxBytes, sizeBytes = BigInt(content.byteLength) } = request;
  if (BigInt(content.byteLength) !== sizeBytes || sizeBytes > sizeMaxBytes) {
    throw down(`${request.url} has ${String(content.byteLength)} bytes, which was not ordered`);
  }
  for (const { algorithm, hex } of request.digests) {
    const name = algorithms.get(algorithm) ?? '';
    if (createHash(name).update(content).digest('hex') !== hex) {
      throw hostError(status.DATA_LOSS, 'DIGEST_MISMATCH', `${request.url} has another ${name}`);
    }
  }
  return content;
}
