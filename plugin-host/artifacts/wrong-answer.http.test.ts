// Most of a download is here, and somebody answers with something else: what is here stays, and the
// content is not called wrong for it.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { openRig, type Rig } from './rig.http.testing.js';
import {
  hexOf,
  orderFor,
  serveContent,
  startUpstream,
  type TestUpstream,
} from './upstream.http.testing.js';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

const content = randomBytes(300_000);
const HAVE = 270_000;
const page = Buffer.from(`<html>${'Sign in to the hotel. '.repeat(100)}</html>`);
const html = { 'content-type': 'text/html; charset=utf-8' };

const good: Handle = (request, response) => {
  serveContent(request, response, content);
};
const portal: Handle = (_request, response) => {
  response.writeHead(200, { ...html, 'content-length': page.byteLength }).end(page);
};
/** It says nothing of how long it is. */
const chunkedPortal: Handle = (_request, response) => {
  response.writeHead(200, html);
  response.write(page);
  response.end();
};
const longPage: Handle = (_request, response) => {
  response.writeHead(200, html).end(Buffer.alloc(content.byteLength + 1, page));
};
const otherVersion: Handle = (request, response) => {
  serveContent(request, response, randomBytes(200_000), '"other"');
};
const bare416: Handle = (request, response) => {
  if (request.headers.range === undefined) good(request, response);
  else response.writeHead(416).end();
};
const wrongRange: Handle = (request, response) => {
  if (request.headers.range === undefined) good(request, response);
  else response.writeHead(206, { 'content-range': 'bytes 5-9/10' }).end('12345');
};

let rig: Rig;
let mirror: TestUpstream | undefined;
let partial: string;

beforeEach(async () => {
  rig = await openRig();
  await mkdir(join(rig.dir, 'store', 'partial'), { recursive: true });
  const name = `sha512-${hexOf('sha512', content)}-${String(rig.run.uid)}`;
  partial = join(rig.dir, 'store', 'partial', name);
  await writeFile(partial, content.subarray(0, HAVE));
});

afterEach(async () => {
  await rig.close();
  await mirror?.close();
  mirror = undefined;
});

const shown = (): Promise<Buffer> => readFile(join(rig.run.artifactsDir, hexOf('sha256', content)));

const sized = content.byteLength;
const down = { code: 'UPSTREAM_DOWN' };

describe('costs nothing of what is here, and calls no content wrong', () => {
  test.each<[string, Handle, number | undefined]>([
    ['a page of a captive portal', portal, sized],
    ['such a page that says nothing of its length', chunkedPortal, sized],
    ['another file', otherVersion, sized],
    ['a page, where no length was ordered', portal, undefined],
    ['a page without one, where none was ordered', chunkedPortal, undefined],
  ])('%s', async (_what, answer, sizeBytes) => {
    const order = { sizeBytes };
    const url = await rig.upstreamThat(answer);
    await expect(rig.fetch(orderFor(url, content, order))).rejects.toMatchObject(down);
    expect((await stat(partial)).size).toBe(HAVE);
    const later = await rig.upstreamThat(good);
    await rig.fetch(orderFor(later, content, order));
    expect(rig.seen).toEqual([`GET /tool.tgz bytes=${String(HAVE)}-`]);
    expect(await shown()).toEqual(content);
  });

  test.each([portal, chunkedPortal, otherVersion])(
    'the next mirror goes on from here',
    async (answer) => {
      const url = await rig.upstreamThat(answer);
      mirror = await startUpstream(good);
      const run = await rig.newRun('run-m', [rig.url, mirror.url]);
      await rig.fetch(orderFor(url, content, { mirrors: [`${mirror.url}tool.tgz`] }), run);
      expect(mirror.seen).toEqual([`GET /tool.tgz bytes=${String(HAVE)}-`]);
    },
  );
});

describe('a server that does not go on from here', () => {
  test.each<[string, Handle]>([
    ['and does not say how much it has', bare416],
    ['and begins somewhere else', wrongRange],
  ])('%s is asked for the whole', async (_what, answer) => {
    const url = await rig.upstreamThat(answer);
    await rig.fetch(orderFor(url, content));
    expect(rig.seen).toEqual([`GET /tool.tgz bytes=${String(HAVE)}-`, 'GET /tool.tgz']);
    expect(await shown()).toEqual(content);
  });

  test('and has it no more: what is here stays for another one', async () => {
    const url = await rig.upstreamThat((_request, response) => response.writeHead(416).end());
    await expect(rig.fetch(orderFor(url, content))).rejects.toMatchObject(down);
    expect((await stat(partial)).size).toBe(HAVE);
  });
});

describe('nothing is here yet', () => {
  beforeEach(() => rm(partial));

  test.each<[string, Handle, number | undefined]>([
    ['a page', portal, sized],
    ['a page longer than what was ordered', longPage, sized],
    ['a page, where no length was ordered', portal, undefined],
    ['another file', otherVersion, sized],
  ])('%s is a server that has it not', async (_what, answer, sizeBytes) => {
    const url = await rig.upstreamThat(answer);
    await expect(rig.fetch(orderFor(url, content, { sizeBytes }))).rejects.toMatchObject(down);
  });

  test('a file that is a page is had like any other, also after it was cut', async () => {
    const long = Buffer.from(page.toString().repeat(100));
    const url = await rig.upstreamThat((_request, response, count) => {
      response.writeHead(200, html);
      if (count > 1) response.end(long);
      else response.write(long.subarray(0, 100_000), () => response.socket?.destroy());
    });
    await rig.fetch(orderFor(url, long, { sizeBytes: undefined }));
    expect(rig.seen).toHaveLength(2);
  });
});

test('what has the whole length, and is not it, is not asked to be gone on with', async () => {
  await writeFile(partial, randomBytes(content.byteLength));
  const url = await rig.upstreamThat(good);
  await rig.fetch(orderFor(url, content));
  expect(rig.seen).toEqual(['GET /tool.tgz']);
});
