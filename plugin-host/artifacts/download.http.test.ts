// Several servers for one order, and servers that want to be left alone.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { openRig, type Rig } from './rig.http.testing.js';
import {
  orderFor,
  serveContent,
  serveStart,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

type Handle = (request: IncomingMessage, response: ServerResponse, count: number) => void;

const content = randomBytes(300_000);
const good: Handle = (request, response) => {
  serveContent(request, response, content);
};
const missing: Handle = (_request, response) => response.writeHead(404).end();
const busy: Handle = (_request, response) => response.writeHead(503).end();
const wrong: Handle = (request, response) => {
  serveContent(request, response, randomBytes(content.byteLength));
};
const short: Handle = (request, response) => {
  serveContent(request, response, content.subarray(0, 1_000));
};

let rig: Rig;
let mirror: TestUpstream;

beforeEach(async () => {
  rig = await openRig();
});

afterEach(async () => {
  await rig.close();
  await mirror.close();
});

/** The first server does this, its mirror that; a run that may ask both. */
async function ordered(first: Handle, second: Handle) {
  const url = await rig.upstreamThat(first);
  mirror = await startUpstream(second);
  const run = await rig.newRun('run-m', [rig.url, mirror.url]);
  const order = orderFor(url, content, { mirrors: [`${mirror.url}tool.tgz`] });
  return { run, order };
}

describe('the mirror is asked', () => {
  test.each<[string, Handle]>([
    ['has nothing', missing],
    ['is busy', busy],
    ['has something else', wrong],
    ['has something shorter', short],
  ])('when the first server %s', async (_what, first) => {
    const { run, order } = await ordered(first, good);
    const { sha256 } = await rig.fetch(order, run);
    expect(await readFile(join(run.artifactsDir, sha256))).toEqual(content);
    expect(run.events).toMatchObject([{ kind: 'downloaded', url: order.mirrors[0] }]);
  });

  test('from where the first one broke off', async () => {
    const half = content.byteLength / 2;
    const breaksOff: Handle = (_request, response) => {
      const cut = serveStart(response, content, half);
      // When some of it has arrived, however long that takes.
      rig.onceReceived = cut;
    };
    const { run, order } = await ordered((request, response, count) => {
      (count === 1 ? breaksOff : busy)(request, response, count);
    }, good);
    await rig.fetch(order, run);
    expect(mirror.seen).toEqual([expect.stringMatching(/^GET \/tool\.tgz bytes=[1-9]\d*-$/)]);
  });

  test('and not when the first server has it', async () => {
    const { run, order } = await ordered(good, missing);
    await rig.fetch(order, run);
    expect(mirror.seen).toEqual([]);
  });
});

describe('when no server has it', () => {
  test.each<[string, Handle, Handle, string]>([
    ['wrong content weighs more than a server that is down', wrong, missing, 'DIGEST_MISMATCH'],
    ['in whatever order', missing, wrong, 'DIGEST_MISMATCH'],
    ['all are down', missing, busy, 'UPSTREAM_DOWN'],
  ])('%s', async (_what, first, second, code) => {
    const { run, order } = await ordered(first, second);
    await expect(rig.fetch(order, run)).rejects.toMatchObject({ code });
    expect(await rig.stored()).toEqual([]);
  });

  test('a run that ends asks nobody else', async () => {
    const { run, order } = await ordered(busy, good);
    run.end();
    await expect(rig.fetch(order, run)).rejects.toMatchObject({ code: 'RUN_OVER' });
    expect(mirror.seen).toEqual([]);
  });
});

test('a mirror that was not granted is refused before anybody is asked, also for what is stored', async () => {
  const { run, order } = await ordered(good, good);
  await rig.fetch(order, run);
  const asked = { ...order, mirrors: ['https://elsewhere.example/tool.tgz'] };
  await expect(rig.fetch(asked, run)).rejects.toMatchObject({
    code: 'GRANT_MISSING',
    message: expect.stringContaining('mirrors') as unknown,
  });
});

test('a server that wants to be left alone for an hour: the updater is told, and it is not asked again', async () => {
  const later: Handle = (_request, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
  };
  const { run, order } = await ordered(later, later);
  await expect(rig.fetch(order, run)).rejects.toMatchObject({
    code: 'UPSTREAM_DOWN',
    retryAfterMs: 3_600_000,
  });
  expect([rig.seen.length, mirror.seen.length]).toEqual([1, 1]);
});
