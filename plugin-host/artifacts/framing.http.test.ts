// A body arrives as it was sent, whichever way its end is told, and wherever what is sent is cut.

import { afterEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import fc from 'fast-check';
import { testCertificate, testKey } from '../egress/certificate.testing.js';
import { readProxyRule } from '../egress/upstream-proxy.js';
import { openLine, type Answer, type Line } from './line.http.js';

const secureContext = createSecureContext({ ca: testCertificate });
const content = randomBytes(40_000);

let server: Server | undefined;
let line: Line | undefined;

afterEach(close);

async function close(): Promise<void> {
  line?.close();
  await new Promise((resolve) => server?.close(resolve));
}

/** The answer of a server that sends `pieces`, each for itself, and then ends. */
async function answerOf(pieces: readonly Buffer[], scheme = 'http'): Promise<Answer> {
  const send = (socket: Socket): void => {
    socket.setNoDelay(true).on('error', () => undefined);
    socket.once('data', () => {
      const next = (at: number): void => {
        const piece = pieces[at];
        if (piece === undefined) socket.end();
        else socket.write(piece, () => setImmediate(next, at + 1));
      };
      next(0);
    });
  };
  server =
    scheme === 'http'
      ? createTcpServer(send)
      : createTlsServer({ cert: testCertificate, key: testKey }, send);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(`${scheme}://127.0.0.1:${String(port)}/x`);
  const options = { proxyRule: readProxyRule({}).rule, secureContext, stallMsMax: 5_000 };
  line = openLine(options, [url.host], new AbortController().signal);
  return line.ask(url, {});
}

function cutAt(message: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map((cut) => cut % message.byteLength), message.byteLength];
  ends.sort((a, b) => a - b);
  return ends
    .map((end, at) => message.subarray(ends[at - 1] ?? 0, end))
    .filter((p) => p.length > 0);
}

/** @returns the body, and in how much memory its pieces came. */
async function read(body: AsyncIterable<Uint8Array>) {
  const all: Buffer[] = [];
  const memory = new Set<ArrayBufferLike>();
  for await (const piece of body) {
    all.push(Buffer.from(piece));
    memory.add(piece.buffer);
  }
  return { body: Buffer.concat(all), memoryCount: memory.size };
}

const framings: ReadonlyMap<string, Buffer> = new Map([
  ['with its length before it', framed(`Content-Length: ${String(content.byteLength)}`, content)],
  ['in chunks', framed('Transfer-Encoding: chunked', chunked(content, 3_000))],
  ['until the connection ends', framed('Connection: close', content)],
  [
    'after word that it will come',
    Buffer.concat([
      Buffer.from('HTTP/1.1 102 Processing\r\n\r\n'),
      framed(`Content-Length: ${String(content.byteLength)}`, content),
    ]),
  ],
]);

function framed(header: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n`), body]);
}

function chunked(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let from = 0; from < body.byteLength; from += size) {
    const part = body.subarray(from, from + size);
    parts.push(Buffer.from(`${part.byteLength.toString(16)}\r\n`), part, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

const cases = [...framings].flatMap(([how, message]) =>
  ['http', 'https'].map((scheme) => ({ how, scheme, message })),
);

test.each(cases)('a body $how, by $scheme', async ({ scheme, message }) => {
  // Half of them in and around the head.
  const cut = fc.oneof(fc.nat(150), fc.nat(message.byteLength - 1));
  await fc.assert(
    fc.asyncProperty(fc.array(cut, { maxLength: 8 }), async (cuts) => {
      const answer = await answerOf(cutAt(message, cuts), scheme);
      expect((await read(answer.body)).body.equals(content)).toBe(true);
      await close();
    }),
    { numRuns: 12 },
  );
});

test('a body without anything in it', async () => {
  const answer = await answerOf([Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')]);
  expect((await read(answer.body)).body.byteLength).toBe(0);
});

test('what comes after all of a body is not of it', async () => {
  const head = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12');
  const answer = await answerOf([head, Buffer.from('345HTTP/1.1 200 OK\r\n\r\n')]);
  expect(String((await read(answer.body)).body)).toBe('12345');
});

test('a large body takes no memory that is made for each piece of it', async () => {
  const large = Buffer.alloc(32 * 1024 * 1024, 'x');
  const head = Buffer.from(
    `HTTP/1.1 200 OK\r\nContent-Length: ${String(large.byteLength)}\r\n\r\n`,
  );
  const { body, memoryCount } = await read((await answerOf([head, large])).body);
  expect(body.equals(large)).toBe(true);
  // Two, and what came with the head.
  expect(memoryCount).toBeLessThanOrEqual(3);
});
