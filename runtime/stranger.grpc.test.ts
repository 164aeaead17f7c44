// T23: a server that is not ours, and what it costs whoever calls it. The peer is a real one of HTTP/2.

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, Metadata, status, type ClientReadableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as othersFirst } from 'node:timers/promises';
import { dialStranger } from './stranger.grpc.js';

/** Of gRPC, without content. */
const EMPTY_BYTES = 5;
/** What may lie between two looks at the loop: two pieces. */
const TURN_BYTES_MAX = 8 * 1024;
const MANY = 50_000;
const LONG = 4 * 1024 * 1024;

let dir: string;
let server: Http2Server;
let client: Client;
let answer: (stream: ServerHttp2Stream) => void;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'lull-stranger-'));
  const path = join(dir, 'a.sock');
  server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined);
    answer(stream);
  });
  await once(server.listen(path), 'listening');
  client = dialStranger(Client, path);
});

afterEach(async () => {
  client.close();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

function call(): ClientReadableStream<Buffer> {
  const bytes = (message: Buffer): Buffer => message;
  return client.makeServerStreamRequest('/a/B', bytes, bytes, Buffer.alloc(0), new Metadata());
}

function ended(of: ClientReadableStream<Buffer>): Promise<unknown> {
  return new Promise((resolve) => {
    of.on('error', resolve);
    of.on('end', () => {
      resolve(undefined);
    });
  });
}

function begin(stream: ServerHttp2Stream): void {
  stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.once('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': '0' });
  });
}

test('of all its messages one piece is dealt with in a turn of the loop, and all of them come', async () => {
  answer = (stream) => {
    begin(stream);
    stream.end(Buffer.alloc(MANY * EMPTY_BYTES));
  };
  const answers = call();
  let [most, now, count, isOver] = [0, 0, 0, false];
  answers.on('data', () => {
    now += 1;
    count += 1;
  });
  void ended(answers).then(() => (isOver = true));
  for (; !isOver; now = 0) {
    await othersFirst();
    most = Math.max(most, now);
  }
  expect(count).toBe(MANY);
  expect(most * EMPTY_BYTES).toBeLessThanOrEqual(TURN_BYTES_MAX);
});

describe('a server is broken off that sends', () => {
  test('a message in crumbs', async () => {
    let sent = 0;
    answer = (stream) => {
      begin(stream);
      const head = Buffer.alloc(EMPTY_BYTES);
      head.writeUInt32BE(LONG, 1);
      const crumb = (): void => {
        sent += 1;
        stream.write(Buffer.alloc(1), (error) => {
          if (!(error instanceof Error) && sent < 10_000) setImmediate(crumb);
        });
      };
      stream.write(head, crumb);
    };
    expect(await ended(call())).toMatchObject({ code: status.UNAVAILABLE });
    expect(sent).toBeLessThan(2_000);
  });

  test('what nobody asked for', async () => {
    answer = (stream) => {
      begin(stream);
      stream.pushStream({ ':path': '/' }, () => undefined);
    };
    expect(await ended(call())).toMatchObject({ code: status.UNAVAILABLE });
  });

  test('heads without end before its answer', async () => {
    answer = (stream) => {
      stream.additionalHeaders({ ':status': 103 });
      stream.additionalHeaders({ ':status': 103 });
      begin(stream);
      stream.end();
    };
    expect(await ended(call())).toMatchObject({ code: status.UNAVAILABLE });
  });
});

test('a message of the longest comes', async () => {
  const head = Buffer.alloc(EMPTY_BYTES);
  head.writeUInt32BE(LONG, 1);
  answer = (stream) => {
    begin(stream);
    stream.end(Buffer.concat([head, Buffer.alloc(LONG)]));
  };
  const answers = call();
  const lengths: number[] = [];
  answers.on('data', ({ byteLength }: Buffer) => lengths.push(byteLength));
  expect(await ended(answers)).toBeUndefined();
  expect(lengths).toEqual([LONG]);
});
