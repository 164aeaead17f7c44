import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { testRun } from '../channel/hosted-run.testing.js';
import { keeping } from './keeping.js';
import { openRig, type Rig } from './rig.http.testing.js';
import { hexOf, orderFor, serveContent } from './upstream.http.testing.js';

const content = randomBytes(300_000);
const run256 = hexOf('sha256', content);

let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
});

afterEach(async () => {
  await rig.close();
});

describe('a good server', () => {
  test('content is stored by digest, read-only, and shown to the run', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await expect(rig.fetch(orderFor(url, content))).resolves.toEqual({
      sha256: run256,
      sizeBytes: content.byteLength,
    });
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
    const { mode, uid } = await stat(join(rig.run.artifactsDir, run256));
    expect(mode & 0o777).toBe(0o444);
    expect(uid).toBe(process.getuid?.());
    expect(await rig.partials()).toEqual([]);
    expect(rig.run.events).toEqual([
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
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    const other = await rig.newRun('run-2', [rig.url]);
    await rig.fetch(orderFor(url, content), other);
    await rig.fetch(
      orderFor(url, content, { digests: [{ algorithm: 'sha256', hex: run256 }] }),
      other,
    );
    expect(rig.seen).toHaveLength(1);
    // Told once: what asks for it in a loop fills no journal.
    expect(other.events).toEqual([expect.objectContaining({ cached: true })]);
    expect(await readFile(join(other.artifactsDir, run256))).toEqual(content);
  });

  test('two runs order the same content at once: it is downloaded once', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const other = await rig.newRun('run-2', [rig.url]);
    await Promise.all([
      rig.fetch(orderFor(url, content)),
      rig.fetch(orderFor(url, content), other),
    ]);
    expect(rig.seen).toHaveLength(1);
  });

  test('content that is found while the store is cleared stays, or is downloaded: never neither', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const name = join(rig.dir, 'store', 'sha256', run256);
    for (let turn = 0; turn < 3; turn += 1) {
      const run = await rig.newRun(`run-${String(turn)}`, [rig.url]);
      await rig.fetch(orderFor(url, content), run);
      run.end();
      const long = new Date(Date.now() - keeping.unusedMsMax - 1_000);
      await utimes(name, long, long);
      const next = await rig.newRun(`next-${String(turn)}`, [rig.url]);
      // The store is looked through before, while and after the order finds what it wants.
      const clearing = rig.tidy();
      for (let step = 0; step < turn * 4; step += 1) await new Promise((go) => setImmediate(go));
      await Promise.all([rig.fetch(orderFor(url, content), next), clearing, rig.tidy()]);
      expect(await readFile(join(next.artifactsDir, run256))).toEqual(content);
      next.end();
    }
  });

  test('stored content that went bad is downloaded again', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    await rm(join(rig.dir, 'store'), { recursive: true });
    await mkdir(join(rig.dir, 'store', 'sha512'), { recursive: true });
    await writeFile(join(rig.dir, 'store', 'sha512', hexOf('sha512', content)), 'rotten');
    const other = await rig.newRun('run-2', [rig.url]);
    await rig.fetch(orderFor(url, content), other);
    expect(await readFile(join(other.artifactsDir, run256))).toEqual(content);
    expect(rig.seen).toHaveLength(2);
  });

  test('a redirect below a granted URL is followed and recorded', async () => {
    const url = await rig.upstreamThat((request, response) => {
      if (request.url === '/tool.tgz') response.writeHead(302, { location: '/cdn/x' }).end();
      else serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.run.events).toEqual([
      expect.objectContaining({ url, redirects: [`${rig.url}cdn/x`] }),
    ]);
  });
});

describe('what was not granted', () => {
  test('a URL under no granted prefix is refused without a connection', async () => {
    await rig.upstreamThat((_request, response) => response.end());
    await expect(rig.fetch(orderFor('https://elsewhere.example/x', content))).rejects.toMatchObject(
      {
        code: 'GRANT_MISSING',
      },
    );
    expect(rig.seen).toEqual([]);
  });

  test('a server that redirects in a circle is left after five', async () => {
    const url = await rig.upstreamThat((request, response) => {
      response.writeHead(302, { location: request.url }).end();
    });
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
    });
    expect(rig.seen).toHaveLength(6);
  });

  test('what another updater fetched is not given out for its digest: it is downloaded, or is not had (T15)', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count === 2) response.writeHead(404).end();
      else serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    const other = await rig.newRun('run-2', [rig.url], 61_001);
    // It names the digest, and a URL of its own that has no such thing.
    await expect(rig.fetch(orderFor(url, content), other)).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
    });
    expect(await readdir(other.artifactsDir)).toEqual([]);
    await rig.fetch(orderFor(url, content), other);
    expect(rig.seen).toHaveLength(3);
    expect(other.events).toEqual([expect.objectContaining({ cached: false })]);
    // One file on the disk all the same.
    const { ino } = await stat(join(rig.run.artifactsDir, run256));
    expect((await stat(join(other.artifactsDir, run256))).ino).toBe(ino);
    expect(await rig.partials()).toEqual([]);
    await rig.fetch(orderFor(url, content), other);
    expect(rig.seen).toHaveLength(3);
  });

  test('two updaters that fetch the same at the same time end up with one file of it', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const other = await rig.newRun('run-2', [rig.url], 61_001);
    await Promise.all([
      rig.fetch(orderFor(url, content)),
      rig.fetch(orderFor(url, content), other),
    ]);
    expect(rig.seen).toHaveLength(2);
    const store = join(rig.dir, 'store');
    const names = [
      join(store, 'sha256', run256),
      join(store, 'sha512', hexOf('sha512', content)),
      join(rig.run.artifactsDir, run256),
      join(other.artifactsDir, run256),
    ];
    const inodes = await Promise.all(names.map(async (name) => (await stat(name)).ino));
    expect(new Set(inodes).size).toBe(1);
  });

  test('stored content is not given to a run whose grants do not cover the URL', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    const other = await rig.newRun('run-2');
    await expect(rig.fetch(orderFor(url, content), other)).rejects.toMatchObject({
      code: 'GRANT_MISSING',
    });
  });
});

describe('wrong content', () => {
  test('a wrong digest is refused and nothing is kept', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, randomBytes(content.byteLength));
    });
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(await rig.partials()).toEqual([]);
    expect(await rig.stored()).toEqual([]);
    expect(await readdir(rig.run.artifactsDir)).toEqual([]);
  });

  test('a weaker digest that is wrong is refused as well', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const order = orderFor(url, content);
    const digests = [...order.digests, { algorithm: 'sha1', hex: '0'.repeat(40) } as const];
    await expect(rig.fetch({ ...order, digests })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  test('an announced length that is too large ends it before the body (T10)', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const order = orderFor(url, content, { sizeBytes: undefined, sizeBytesMax: 1_000 });
    await expect(rig.fetch(order)).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('more than the 1.0 kB that are allowed') as unknown,
    });
    expect(await rig.partials()).toEqual([]);
  });

  test('endless data is cut at what was ordered (T10)', async () => {
    let stopped: Promise<void> | undefined;
    const url = await rig.upstreamThat((_request, response) => {
      response.writeHead(200);
      stopped = new Promise((resolve) => response.once('close', resolve));
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const order = orderFor(url, content, { sizeBytes: undefined, sizeBytesMax: 1_000_000 });
    await expect(rig.fetch(order)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await stopped;
    expect(await rig.partials()).toEqual([]);
  });

  test('a bomb that was compressed without being asked stays as small as it came', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const url = await rig.upstreamThat((_request, response) => {
      const length = { 'content-length': bomb.byteLength };
      response.writeHead(200, { 'content-encoding': 'gzip', ...length });
      response.end(bomb);
    });
    const { sizeBytes } = await rig.fetch(orderFor(url, bomb));
    expect(sizeBytes).toBe(bomb.byteLength);
    expect(rig.seen).toHaveLength(1);
  });

  test('a byte now and then is left, again and again, and in the end given up', async () => {
    const drips = new Set<NodeJS.Timeout>();
    const url = await rig.upstreamThat((_request, response) => {
      response.writeHead(200, { 'content-length': content.byteLength });
      const drip = setInterval(() => response.write('x'), 5);
      drips.add(drip);
      response.once('close', () => {
        clearInterval(drip);
      });
    });
    rig.hurry(10_000);
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('less than 1 kB a second') as unknown,
    });
    expect(rig.seen).toHaveLength(5);
  });

  test('more than the run may write is refused, whatever the updater allows', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    const small = testRun({ ...rig.run, limits: { ...rig.run.limits, diskBytesMax: 1_000 } });
    await expect(
      rig.fetch(orderFor(url, content, { sizeBytes: undefined }), small),
    ).rejects.toMatchObject({ code: 'UPSTREAM_DOWN' });
  });
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a disk that fills up: NO_SPACE, and the space is given back', async () => {
  const small = join(rig.dir, 'small');
  await mkdir(small);
  const big = randomBytes(3_000_000);
  await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', small]);
  try {
    const url = await rig.upstreamThat((_request, response) => {
      // No length: only the disk can tell.
      response.writeHead(200);
      response.end(big);
    });
    rig.openStore(join(small, 'store'));
    const order = orderFor(url, big, { sizeBytes: undefined });
    await expect(rig.fetch(order)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await readdir(join(small, 'store', 'partial'))).toEqual([]);
    await rig.upstreamThat((request, response) => {
      serveContent(request, response, big);
    });
    // With a length: before the first byte is written.
    await expect(rig.fetch(orderFor(`${rig.url}tool.tgz`, big))).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining('3.0 MB'),
    });
  } finally {
    await promisify(execFile)('umount', [small]);
  }
});
