import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createLog } from '../../runtime/log.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import { createArtifacts, type Artifacts } from './artifacts.http.js';
import type { FetchOrder } from './order.js';
import {
  hastyClock,
  hexOf,
  orderFor,
  serveContent,
  serveStart,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

const content = randomBytes(300_000);
const run256 = hexOf('sha256', content);

let dir: string;
let artifacts: Artifacts;
let upstream: TestUpstream | undefined;
let run: TestRun;
/** Called when the first bytes of a response have been kept. */
let onceReceived: (() => void) | undefined;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-artifacts-'));
  artifacts = openArtifacts(join(dir, 'store'));
  run = await newRun('run-1');
});

afterEach(async () => {
  artifacts.close();
  await upstream?.close();
  upstream = undefined;
  onceReceived = undefined;
  await rm(dir, { recursive: true, force: true });
});

function openArtifacts(store: string): Artifacts {
  return createArtifacts({
    dir: store,
    log: createLog('test', 'silent'),
    clock: hastyClock,
    random: () => 0.5,
    env: {},
    stallMsMax: 300,
  });
}

async function newRun(runId: string, fetchPrefixes: string[] = []): Promise<TestRun> {
  const artifactsDir = join(dir, runId);
  await mkdir(artifactsDir, { recursive: true });
  return testRun({
    runId,
    workDir: dir,
    artifactsDir,
    grants: { installRoots: [], egress: [], fetchPrefixes },
  });
}

/** Starts an upstream and grants it to a new run. */
async function upstreamThat(
  handle: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<string> {
  upstream = await startUpstream(handle);
  run = await newRun('run-1', [upstream.url]);
  return `${upstream.url}tool.tgz`;
}

function fetch(order: FetchOrder, into = run, signal = new AbortController().signal) {
  const onProgress = (): void => {
    const act = onceReceived;
    onceReceived = undefined;
    act?.();
  };
  return artifacts.fetch(order, into, { signal, onProgress });
}

async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

async function partials(): Promise<string[]> {
  return readdir(join(dir, 'store', 'partial')).catch(() => []);
}

async function stored(): Promise<string[]> {
  return readdir(join(dir, 'store', 'sha256')).catch(() => []);
}

describe('a good server', () => {
  test('content is stored by digest, read-only, and shown to the run', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await expect(fetch(orderFor(url, content))).resolves.toEqual({
      sha256: run256,
      sizeBytes: content.byteLength,
    });
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
    const { mode, uid } = await stat(join(run.artifactsDir, run256));
    expect(mode & 0o777).toBe(0o444);
    expect(uid).toBe(process.getuid?.());
    expect(await partials()).toEqual([]);
    expect(run.events).toEqual([
      expect.objectContaining({
        kind: 'downloaded',
        sha256: run256,
        cached: false,
        remoteAddress: '127.0.0.1',
        resumedCount: 0,
      }),
    ]);
  });

  test('what is stored is not asked for again, by whichever digest it is ordered', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    const other = await newRun('run-2', [upstream?.url ?? '']);
    await fetch(orderFor(url, content), other);
    await fetch(orderFor(url, content, { digests: [{ algorithm: 'sha256', hex: run256 }] }), other);
    expect(upstream?.seen).toHaveLength(1);
    expect(other.events).toEqual([
      expect.objectContaining({ cached: true }),
      expect.objectContaining({ cached: true }),
    ]);
    expect(await readFile(join(other.artifactsDir, run256))).toEqual(content);
  });

  test('two runs order the same content at once: it is downloaded once', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const other = await newRun('run-2', [upstream?.url ?? '']);
    await Promise.all([fetch(orderFor(url, content)), fetch(orderFor(url, content), other)]);
    expect(upstream?.seen).toHaveLength(1);
  });

  test('stored content that went bad is downloaded again', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    await rm(join(dir, 'store'), { recursive: true });
    await mkdir(join(dir, 'store', 'sha512'), { recursive: true });
    await writeFile(join(dir, 'store', 'sha512', hexOf('sha512', content)), 'rotten');
    const other = await newRun('run-2', [upstream?.url ?? '']);
    await fetch(orderFor(url, content), other);
    expect(await readFile(join(other.artifactsDir, run256))).toEqual(content);
    expect(upstream?.seen).toHaveLength(2);
  });

  test('a redirect below a granted URL is followed and recorded', async () => {
    const url = await upstreamThat((request, response) => {
      if (request.url === '/tool.tgz') response.writeHead(302, { location: '/cdn/x' }).end();
      else serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    expect(run.events).toEqual([
      expect.objectContaining({ url, redirects: [`${upstream?.url ?? ''}cdn/x`] }),
    ]);
  });
});

describe('what was not granted', () => {
  test('a URL under no granted prefix is refused without a connection', async () => {
    await upstreamThat((_request, response) => response.end());
    await expect(fetch(orderFor('https://elsewhere.example/x', content))).rejects.toMatchObject({
      code: 'GRANT_MISSING',
    });
    expect(upstream?.seen).toEqual([]);
  });

  test('a redirect to another host is refused (T13)', async () => {
    const url = await upstreamThat((_request, response) => {
      response.writeHead(302, { location: 'http://localhost:1/x' }).end();
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'GRANT_MISSING' });
    expect(upstream?.seen).toHaveLength(1);
  });

  test('a server that redirects in a circle is left after five', async () => {
    const url = await upstreamThat((request, response) => {
      response.writeHead(302, { location: request.url }).end();
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
    expect(upstream?.seen).toHaveLength(6);
  });

  test('stored content is not given to a run whose grants do not cover the URL', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    const other = await newRun('run-2');
    await expect(fetch(orderFor(url, content), other)).rejects.toMatchObject({
      code: 'GRANT_MISSING',
    });
  });
});

describe('a bad line', () => {
  test('a download cut half-way goes on where it stopped', async () => {
    const url = await upstreamThat((request, response, count) => {
      if (count === 1) onceReceived = serveStart(response, content, 100_000);
      else serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    expect(upstream?.seen[1]).toMatch(/^GET \/tool\.tgz bytes=\d+- "v1"$/);
    expect(run.events).toEqual([expect.objectContaining({ resumedCount: 1 })]);
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('a download that another process left behind goes on where it stopped', async () => {
    const url = 'http://127.0.0.1:9/tool.tgz';
    const hex = hexOf('sha512', content);
    await mkdir(join(dir, 'store', 'partial'), { recursive: true });
    const partial = join(dir, 'store', 'partial', `sha512-${hex}`);
    await writeFile(partial, content.subarray(0, 50_000));
    await writeFile(`${partial}.json`, JSON.stringify({ url, validator: '"v1"' }));
    upstream = await replace(upstream, (request, response) => {
      serveContent(request, response, content);
    });
    const moved = `${upstream.url}tool.tgz`;
    run = await newRun('run-1', [upstream.url]);
    await fetch(orderFor(moved, content));
    // Another mirror: the validator was not its own, so it is not sent.
    expect(upstream.seen).toEqual(['GET /tool.tgz bytes=50000-']);
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('bytes that were left behind and are wrong do not spoil what is downloaded now', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await mkdir(join(dir, 'store', 'partial'), { recursive: true });
    const partial = join(dir, 'store', 'partial', `sha512-${hexOf('sha512', content)}`);
    await writeFile(partial, randomBytes(50_000));
    await fetch(orderFor(url, content));
    expect(upstream?.seen).toEqual(['GET /tool.tgz bytes=50000-', 'GET /tool.tgz']);
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('everything is here already: the server says so with 416', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await mkdir(join(dir, 'store', 'partial'), { recursive: true });
    await writeFile(join(dir, 'store', 'partial', `sha512-${hexOf('sha512', content)}`), content);
    await fetch(orderFor(url, content));
    expect(upstream?.seen).toEqual(['GET /tool.tgz bytes=300000-']);
  });

  test('content that changed in between is taken from its beginning', async () => {
    const url = await upstreamThat((request, response, count) => {
      if (count === 1) onceReceived = serveStart(response, content, 100_000, '"old"');
      else serveContent(request, response, content, '"new"');
    });
    await fetch(orderFor(url, content));
    expect(upstream?.seen[1]).toMatch(/"old"$/);
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('a server that does not know ranges sends it all again', async () => {
    const url = await upstreamThat((_request, response, count) => {
      if (count === 1) onceReceived = serveStart(response, content, 100_000);
      else response.writeHead(200, { 'content-length': content.byteLength }).end(content);
    });
    await fetch(orderFor(url, content));
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('a server that falls silent is asked again', async () => {
    const url = await upstreamThat((request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { etag: '"v1"', 'content-length': content.byteLength });
        response.write(content.subarray(0, 10_000));
      } else serveContent(request, response, content);
    });
    await fetch(orderFor(url, content));
    expect(upstream?.seen).toEqual(['GET /tool.tgz', 'GET /tool.tgz bytes=10000- "v1"']);
  });

  test.each([500, 503])('a server that answers %i is tried five times', async (code) => {
    const url = await upstreamThat((_request, response) => {
      response.writeHead(code).end();
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining(`answered ${String(code)}, 5 times`),
    });
    expect(upstream?.seen).toHaveLength(5);
  });

  test('nobody listens', async () => {
    const url = await upstreamThat((_request, response) => response.end());
    await upstream?.close();
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
  });

  test('404 is not tried again', async () => {
    const url = await upstreamThat((_request, response) => {
      response.writeHead(404).end('no');
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('404'),
    });
    expect(upstream?.seen).toHaveLength(1);
  });

  test('Retry-After within patience is honoured, beyond it ends the fetch', async () => {
    const url = await upstreamThat((request, response, count) => {
      if (count === 1) response.writeHead(429, { 'retry-after': '20' }).end();
      else if (request.url === '/tool.tgz') serveContent(request, response, content);
      else response.writeHead(429, { 'retry-after': '3600' }).end();
    });
    await fetch(orderFor(url, content));
    expect(upstream?.seen).toHaveLength(2);
    const other = randomBytes(10);
    await expect(fetch(orderFor(`${upstream?.url ?? ''}x`, other))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('60 min'),
    });
  });
});

describe('wrong content', () => {
  test('a wrong digest is refused and nothing is kept', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, randomBytes(content.byteLength));
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await partials()).toEqual([]);
    expect(await stored()).toEqual([]);
    expect(await readdir(run.artifactsDir)).toEqual([]);
  });

  test('a weaker digest that is wrong is refused as well', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const order = orderFor(url, content);
    const digests = [...order.digests, { algorithm: 'sha1', hex: '0'.repeat(40) } as const];
    await expect(fetch({ ...order, digests })).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('an announced length that is too large ends it before the body (T10)', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const order = orderFor(url, content, { sizeBytes: undefined, sizeBytesMax: 1_000 });
    await expect(fetch(order)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await partials()).toEqual([]);
  });

  test('endless data is cut at what was ordered (T10)', async () => {
    let stopped: Promise<void> | undefined;
    const url = await upstreamThat((_request, response) => {
      response.writeHead(200);
      stopped = new Promise((resolve) => response.once('close', resolve));
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const order = orderFor(url, content, { sizeBytes: undefined, sizeBytesMax: 1_000_000 });
    await expect(fetch(order)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await stopped;
    expect(await partials()).toEqual([]);
  });

  test('more than the run may write is refused, whatever the updater allows', async () => {
    const url = await upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const small = testRun({ ...run, limits: { diskBytesMax: 1_000, criticalSMax: 0 } });
    await expect(
      fetch(orderFor(url, content, { sizeBytes: undefined }), small),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('a run that is frozen, or over', () => {
  test('a frozen run reads nothing and lets its connection go; thawed, it goes on by range', async () => {
    let closed: Promise<void> | undefined;
    const url = await upstreamThat((request, response, count) => {
      if (count > 1) {
        serveContent(request, response, content);
        return;
      }
      closed = new Promise((resolve) => response.once('close', resolve));
      serveStart(response, content, 100_000);
      onceReceived = () => {
        run.freeze();
        response.write(content.subarray(100_000, 200_000));
      };
    });
    const fetched = fetch(orderFor(url, content));
    await waitUntil(() => closed !== undefined);
    await closed;
    expect(upstream?.seen).toHaveLength(1);
    run.thaw();
    await fetched;
    expect(upstream?.seen[1]).toMatch(/bytes=\d+- "v1"$/);
    expect(await readFile(join(run.artifactsDir, run256))).toEqual(content);
  });

  test('a run that ends in mid-download leaves the partial for the next one', async () => {
    const url = await upstreamThat((_request, response) => {
      response.writeHead(200, { 'content-length': content.byteLength });
      response.write(content.subarray(0, 100_000), () => {
        run.end();
      });
    });
    await expect(fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'RUN_OVER' });
    expect(await stored()).toEqual([]);
  });

  test('a caller that went away ends the download', async () => {
    const gone = new AbortController();
    const url = await upstreamThat(() => {
      gone.abort();
    });
    await expect(fetch(orderFor(url, content), run, gone.signal)).rejects.toMatchObject({
      code: 'RUN_OVER',
    });
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a disk that fills up: NO_SPACE, and the space is given back', async () => {
  const small = join(dir, 'small');
  await mkdir(small);
  const big = randomBytes(3_000_000);
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  try {
    const url = await upstreamThat((_request, response) => {
      // No length: only the disk can tell.
      response.writeHead(200);
      response.end(big);
    });
    artifacts.close();
    artifacts = openArtifacts(join(small, 'store'));
    const order = orderFor(url, big, { sizeBytes: undefined });
    await expect(fetch(order)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await readdir(join(small, 'store', 'partial'))).toEqual([]);
    upstream = await replace(upstream, (request, response) => {
      serveContent(request, response, big);
    });
    run = await newRun('run-1', [upstream.url]);
    // With a length: before the first byte is written.
    await expect(fetch(orderFor(`${upstream.url}x`, big))).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining('3.0 MB'),
    });
  } finally {
    await promisify(execFile)('umount', [small]);
  }
});

async function replace(
  old: TestUpstream | undefined,
  handle: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<TestUpstream> {
  await old?.close();
  return startUpstream(handle);
}
