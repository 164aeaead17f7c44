// A web server of the test's own, on loopback, that misbehaves as told.

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock, type Clock } from '../../runtime/clock.js';
import type { FetchOrder } from './order.js';

export interface TestUpstream {
  /** "http://127.0.0.1:port/". */
  readonly url: string;
  /** "METHOD path range" of every request. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

export async function startUpstream(
  handle: (request: IncomingMessage, response: ServerResponse, count: number) => void,
): Promise<TestUpstream> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    seen.push(
      [request.method, request.url, range, typeof ifRange === 'string' ? ifRange : undefined]
        .filter((part) => part !== undefined)
        .join(' '),
    );
    response.on('error', () => undefined);
    handle(request, response, seen.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Answers as a good file server does, ranges included. */
export function serveContent(
  request: IncomingMessage,
  response: ServerResponse,
  content: Buffer,
  etag = '"v1"',
): void {
  const match = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const ifRange = request.headers['if-range'];
  const from = Number(match?.[1] ?? 0);
  if (match === null || (ifRange !== undefined && ifRange !== etag)) {
    response.writeHead(200, { etag, 'content-length': content.byteLength });
    response.end(content);
    return;
  }
  const total = String(content.byteLength);
  if (from >= content.byteLength) {
    response.writeHead(416, { 'content-range': `bytes */${total}` }).end();
    return;
  }
  response.writeHead(206, {
    etag,
    'content-length': content.byteLength - from,
    'content-range': `bytes ${String(from)}-${String(content.byteLength - 1)}/${total}`,
  });
  response.end(content.subarray(from));
}

/** Sends the first bytes of what was announced whole; the answer breaks the connection. */
export function serveStart(
  response: ServerResponse,
  content: Buffer,
  bytes: number,
  etag = '"v1"',
): () => void {
  response.writeHead(200, { etag, 'content-length': content.byteLength });
  response.write(content.subarray(0, bytes));
  return () => response.socket?.destroy();
}

export function orderFor(
  url: string,
  content: Buffer,
  changes: Partial<FetchOrder> = {},
): FetchOrder {
  return {
    url,
    mirrors: [],
    digests: [{ algorithm: 'sha512', hex: hexOf('sha512', content) }],
    sizeBytes: content.byteLength,
    sizeBytesMax: 32 * 1024 * 1024,
    ...changes,
  };
}

export function hexOf(algorithm: 'sha256' | 'sha512' | 'sha1', content: Buffer): string {
  return createHash(algorithm).update(content).digest('hex');
}

/** Real time that is told, no time that is waited. */
export const hastyClock: Clock = {
  now: () => systemClock.now(),
  after: (_delayMs, fn) => {
    const soon = setImmediate(fn);
    return () => {
      clearImmediate(soon);
    };
  },
};

/** The same, with an instant that goes so many times as fast. */
export function hurriedClock(times: number): Clock {
  const startMs = systemClock.now().monotonicMs;
  return {
    ...hastyClock,
    now: () => {
      const { wallMs, monotonicMs } = systemClock.now();
      return { wallMs, monotonicMs: startMs + (monotonicMs - startMs) * times };
    },
  };
}
