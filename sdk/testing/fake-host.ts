// A host for an updater under test: a real HostService on a real socket, on directories of the test.
//
// It does what the plugin-host does as far as an updater can see it (downloads and checks digests,
// swaps a staged tree in, keeps the one before), without confinement, grants or audit.

import { createHash } from 'node:crypto';
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata, Server, ServerCredentials, status, type StatusObject } from '@grpc/grpc-js';
import {
  Digest_Algorithm,
  HostServiceService,
  type FetchRequest,
  type HostServiceServer,
  type Receipt,
} from '../../proto/gen/lull/host/v1/host.js';

const algorithms = new Map<Digest_Algorithm, string>([
  [Digest_Algorithm.SHA256, 'sha256'],
  [Digest_Algorithm.SHA512, 'sha512'],
  [Digest_Algorithm.SHA1, 'sha1'],
]);

export interface FakeHostOptions {
  /** Everything lies below it: host.sock, work, artifacts, roots/<name>. */
  readonly dir: string;
  /** Where the socket lies instead, and where the updater sees artifacts: for a sandbox. */
  readonly socketPath?: string;
  readonly artifactsSeenAt?: string;
  readonly token: string;
  /** Called before a call is served; what it throws is the answer. */
  readonly onCall?: (what: keyof HostServiceServer, request: unknown) => void;
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

/** An error as the host would answer it. */
export function hostError(
  code: status,
  reason: string,
  details: string,
): Error & Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set('lull-reason', reason);
  return Object.assign(new Error(details), { code, details, metadata });
}

export async function startFakeHost(options: FakeHostOptions): Promise<FakeHost> {
  const paths = {
    socketPath: options.socketPath ?? join(options.dir, 'host.sock'),
    workDir: join(options.dir, 'work'),
    rootsDir: join(options.dir, 'roots'),
    artifactsDir: join(options.dir, 'artifacts'),
  };
  for (const dir of [paths.workDir, paths.rootsDir, paths.artifactsDir]) {
    await mkdir(dir, { recursive: true });
  }
  const seen = { calls: [] as string[], logLines: [] as string[] };
  const checkpoints = new Map<string, Buffer>();
  const admit = (what: keyof HostServiceServer, request: unknown, metadata: Metadata): void => {
    seen.calls.push(String(what));
    if (metadata.get('lull-token')[0] !== options.token) {
      throw hostError(status.UNAUTHENTICATED, 'TOKEN_INVALID', 'not the token of this launch');
    }
    options.onCall?.(what, request);
  };
  const trees = new Trees(paths.workDir, paths.rootsDir);
  const server = new Server();
  server.addService(
    HostServiceService,
    handlers({
      admit,
      trees,
      checkpoints,
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
  readonly admit: (what: keyof HostServiceServer, request: unknown, metadata: Metadata) => void;
  readonly trees: Trees;
  readonly checkpoints: Map<string, Buffer>;
  readonly logLines: string[];
  readonly store: string;
  readonly seenAt: string;
}

function handlers({
  admit,
  trees,
  checkpoints,
  logLines,
  store,
  seenAt,
}: Parts): HostServiceServer {
  type Call<Request> = { request: Request; metadata: Metadata };
  type Done<Answer> = (error: Partial<StatusObject> | null, answer?: Answer) => void;
  const unary =
    <Request, Answer>(
      what: keyof HostServiceServer,
      work: (request: Request) => Answer | Promise<Answer>,
    ) =>
    ({ request, metadata }: Call<Request>, done: Done<Answer>): void => {
      void (async () => {
        admit(what, request, metadata);
        return work(request);
      })().then((answer) => {
        done(null, answer);
      }, done);
    };
  return {
    fetch: (stream) => {
      void (async () => {
        admit('fetch', stream.request, stream.metadata);
        const { content, sha256 } = await download(stream.request);
        await writeFile(join(store, sha256), content);
        const path = join(seenAt, sha256);
        const sizeBytes = BigInt(content.byteLength);
        const progress = { receivedBytes: sizeBytes, totalBytes: sizeBytes };
        stream.write({ kind: { $case: 'progress', value: progress } });
        stream.write({ kind: { $case: 'artifact', value: { sha256, sizeBytes, path } } });
        stream.end();
      })().catch((error: unknown) => stream.emit('error', error));
    },
    commit: unary('commit', async (request) => ({ receipt: await trees.commit(request) })),
    revert: unary('revert', async (request) => ({ receipt: await trees.revert(request) })),
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

async function download(request: FetchRequest): Promise<{ content: Buffer; sha256: string }> {
  const response = await fetch(request.url).catch((error: unknown) => {
    throw hostError(status.UNAVAILABLE, 'UPSTREAM_DOWN', (error as Error).message);
  });
  if (!response.ok) {
    throw hostError(status.UNAVAILABLE, 'UPSTREAM_DOWN', `answered ${String(response.status)}`);
  }
  const content = Buffer.from(await response.arrayBuffer());
  for (const { algorithm, hex } of request.digests) {
    const name = algorithms.get(algorithm) ?? '';
    if (createHash(name).update(content).digest('hex') !== hex) {
      throw hostError(status.DATA_LOSS, 'DIGEST_MISMATCH', `${request.url} has another ${name}`);
    }
  }
  return { content, sha256: createHash('sha256').update(content).digest('hex') };
}

/** Install roots, with the tree before beside each of them. */
class Trees {
  private readonly receipts = new Map<string, Receipt>();
  private readonly staged = new Map<string, string>();

  constructor(
    private readonly workDir: string,
    private readonly rootsDir: string,
  ) {}

  async commit(request: { runId: string; root: string; stagedPath: string }): Promise<Receipt> {
    const id = `commit ${request.runId} ${request.root}`;
    const before = this.receipts.has(id) ? this.staged.get(id) : undefined;
    if (before !== undefined && before !== request.stagedPath) {
      throw hostError(status.ALREADY_EXISTS, 'ALREADY_COMMITTED', 'another tree was committed');
    }
    this.staged.set(id, request.stagedPath);
    return this.once(id, request.root, async (path) => {
      await cp(join(this.workDir, request.stagedPath), `${path}.next`, {
        recursive: true,
        verbatimSymlinks: true,
      });
      await rm(`${path}.before`, { recursive: true, force: true });
      if (existsSync(path)) await rename(path, `${path}.before`);
      await rename(`${path}.next`, path);
    });
  }

  async revert(request: { runId: string; root: string }): Promise<Receipt> {
    return this.once(`revert ${request.runId} ${request.root}`, request.root, async (path) => {
      if (!existsSync(`${path}.before`)) {
        throw hostError(status.FAILED_PRECONDITION, 'NO_PREVIOUS', 'there is no tree before');
      }
      await rm(path, { recursive: true });
      await rename(`${path}.before`, path);
    });
  }

  private async once(
    id: string,
    root: string,
    swap: (path: string) => Promise<void>,
  ): Promise<Receipt> {
    const first = this.receipts.get(id);
    if (first !== undefined) return first;
    await swap(join(this.rootsDir, root));
    const receipt: Receipt = {
      id,
      root,
      treeBeforeSha256: '',
      treeAfterSha256: '',
      fileCount: 0,
      sizeBytes: 0n,
    };
    this.receipts.set(id, receipt);
    return receipt;
  }
}
