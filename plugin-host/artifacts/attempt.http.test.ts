import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openRig, type Rig } from './rig.http.testing.js';
import { hexOf, orderFor, serveContent, serveStart } from './upstream.http.testing.js';

const content = randomBytes(300_000);
const run256 = hexOf('sha256', content);

let rig: Rig;

beforeEach(async () => {
  rig = await openRig();
});

afterEach(async () => {
  await rig.close();
});

describe('a bad line', () => {
  test('a download cut half-way goes on where it stopped', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count === 1) rig.onceReceived = serveStart(response, content, 100_000);
      else serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.seen[1]).toMatch(/^GET \/tool\.tgz bytes=\d+- "v1"$/);
    expect(rig.run.events).toEqual([expect.objectContaining({ resumedCount: 1 })]);
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('a download that another process left behind goes on where it stopped', async () => {
    const url = 'http://127.0.0.1:9/tool.tgz';
    const hex = hexOf('sha512', content);
    await mkdir(join(rig.dir, 'store', 'partial'), { recursive: true });
    const partial = join(rig.dir, 'store', 'partial', `sha512-${hex}-${String(rig.run.uid)}`);
    await writeFile(partial, content.subarray(0, 50_000));
    await writeFile(`${partial}.json`, JSON.stringify({ url, validator: '"v1"' }));
    const moved = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await rig.fetch(orderFor(moved, content));
    // Another mirror: the validator was not its own, so it is not sent.
    expect(rig.seen).toEqual(['GET /tool.tgz bytes=50000-']);
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('bytes that were left behind and are wrong do not spoil what is downloaded now', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await mkdir(join(rig.dir, 'store', 'partial'), { recursive: true });
    const partial = join(
      rig.dir,
      'store',
      'partial',
      `sha512-${hexOf('sha512', content)}-${String(rig.run.uid)}`,
    );
    await writeFile(partial, randomBytes(50_000));
    await rig.fetch(orderFor(url, content));
    expect(rig.seen).toEqual(['GET /tool.tgz bytes=50000-', 'GET /tool.tgz']);
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('everything is here already: nobody is asked', async () => {
    const url = await rig.upstreamThat((request, response) => {
      serveContent(request, response, content);
    });
    await mkdir(join(rig.dir, 'store', 'partial'), { recursive: true });
    await writeFile(
      join(
        rig.dir,
        'store',
        'partial',
        `sha512-${hexOf('sha512', content)}-${String(rig.run.uid)}`,
      ),
      content,
    );
    await rig.fetch(orderFor(url, content, { sizeBytes: undefined }));
    expect(rig.seen).toEqual([]);
    expect(rig.run.events).toEqual([
      expect.objectContaining({ cached: false, resumedCount: 1, sizeBytes: content.byteLength }),
    ]);
  });

  test('content that changed in between is taken from its beginning', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count === 1) rig.onceReceived = serveStart(response, content, 100_000, '"old"');
      else serveContent(request, response, content, '"new"');
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.seen[1]).toMatch(/"old"$/);
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('a server that does not know ranges sends it all again', async () => {
    const url = await rig.upstreamThat((_request, response, count) => {
      if (count === 1) rig.onceReceived = serveStart(response, content, 100_000);
      else response.writeHead(200, { 'content-length': content.byteLength }).end(content);
    });
    await rig.fetch(orderFor(url, content));
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('a server that falls silent is asked again', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { etag: '"v1"', 'content-length': content.byteLength });
        response.write(content.subarray(0, 10_000));
      } else serveContent(request, response, content);
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.seen).toEqual(['GET /tool.tgz', 'GET /tool.tgz bytes=10000- "v1"']);
  });

  test.each([500, 503])('a server that answers %i is tried five times', async (code) => {
    const url = await rig.upstreamThat((_request, response) => {
      response.writeHead(code).end();
    });
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining(`answered ${String(code)}, 5 times`),
    });
    expect(rig.seen).toHaveLength(5);
  });

  test('nobody listens', async () => {
    const url = await rig.upstreamThat((_request, response) => response.end());
    await rig.closeUpstream();
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
    });
  });

  test('404 is not tried again', async () => {
    const url = await rig.upstreamThat((_request, response) => {
      response.writeHead(404).end('no');
    });
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('404'),
    });
    expect(rig.seen).toHaveLength(1);
  });

  test('Retry-After within patience is honoured, beyond it ends the fetch', async () => {
    const url = await rig.upstreamThat((request, response, count) => {
      if (count === 1) response.writeHead(429, { 'retry-after': '20' }).end();
      else if (request.url === '/tool.tgz') serveContent(request, response, content);
      else response.writeHead(429, { 'retry-after': '3600' }).end();
    });
    await rig.fetch(orderFor(url, content));
    expect(rig.seen).toHaveLength(2);
    const other = randomBytes(10);
    await expect(rig.fetch(orderFor(`${rig.url}x`, other))).rejects.toMatchObject({
      code: 'UPSTREAM_DOWN',
      message: expect.stringContaining('60 min'),
    });
  });
});

describe('a run that is frozen, or over', () => {
  test('a frozen run reads nothing and lets its connection go; thawed, it goes on by range', async () => {
    let closed: Promise<void> | undefined;
    const url = await rig.upstreamThat((request, response, count) => {
      if (count > 1) {
        serveContent(request, response, content);
        return;
      }
      closed = new Promise((resolve) => response.once('close', resolve));
      serveStart(response, content, 100_000);
      rig.onceReceived = () => {
        rig.run.freeze();
        response.write(content.subarray(100_000, 200_000));
      };
    });
    const fetched = rig.fetch(orderFor(url, content));
    await waitUntil(() => closed !== undefined);
    await closed;
    expect(rig.seen).toHaveLength(1);
    rig.run.thaw();
    await fetched;
    expect(rig.seen[1]).toMatch(/bytes=\d+- "v1"$/);
    expect(await readFile(join(rig.run.artifactsDir, run256))).toEqual(content);
  });

  test('a server that falls silent while it is frozen has failed nobody: that attempt counts for nothing', async () => {
    let cuts = 0;
    let letGo: Promise<unknown> | undefined;
    const url = await rig.upstreamThat((request, response, count) => {
      if (count > 5) serveContent(request, response, content);
      // So many attempts as it has, less one.
      else if (count < 5) {
        cuts += 1;
        response.destroy();
      } else {
        letGo = once(response, 'close');
        rig.onceReceived = () => {
          rig.run.freeze();
        };
        serveStart(response, content, 100_000);
      }
    });
    const fetched = rig.fetch(orderFor(url, content));
    await waitUntil(() => letGo !== undefined);
    await letGo;
    rig.run.thaw();
    await fetched;
    expect(cuts).toBe(4);
    expect(rig.seen[5]).toMatch(/bytes=[1-9]\d*- "v1"$/);
  });

  test('a run that ends in mid-download leaves the partial for the next one', async () => {
    const url = await rig.upstreamThat((_request, response) => {
      response.writeHead(200, { 'content-length': content.byteLength });
      response.write(content.subarray(0, 100_000), () => {
        rig.run.end();
      });
    });
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject({ code: 'RUN_OVER' });
    expect(await rig.stored()).toEqual([]);
  });

  test('a caller that went away ends the download', async () => {
    const gone = new AbortController();
    const url = await rig.upstreamThat(() => {
      gone.abort();
    });
    await expect(rig.fetch(orderFor(url, content), rig.run, gone.signal)).rejects.toMatchObject({
      code: 'RUN_OVER',
    });
  });
});

async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}
