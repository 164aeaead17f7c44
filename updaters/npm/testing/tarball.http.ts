// How the test registry serves a tarball: by range, at a pace, and with what is wrong with it.

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestRegistry } from './registry.http.js';

/**
 * - `corrupt`: one byte is another.
 * - `cut-once`: the connection breaks half-way, the first time.
 * - `truncated`: half of it is announced and served as if it were the whole.
 * - `endless`: no length is announced, and after the whole it goes on for ever.
 */
export type Fault = 'corrupt' | 'cut-once' | 'truncated' | 'endless';

const STEP_MS = 20;
const CUT_MS = 200;
const PIECE_BYTES = 64 * 1024;

export function serveTarball(
  registry: TestRegistry,
  path: string,
  tarball: Buffer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const [ending, fault] = [...registry.faults].find(([each]) => path.endsWith(each)) ?? [];
  const content = contentWith(fault, tarball);
  const etag = `"${createHash('sha256').update(content).digest('hex')}"`;
  const from = firstByte(request, etag, content.byteLength);
  const served = { path, from, sentBytes: 0, over: false };
  registry.served.push(served);
  response.on('error', () => undefined);
  response.once('close', () => {
    served.over = true;
  });
  response.setHeader('etag', etag);
  if (fault !== 'endless') response.setHeader('content-length', content.byteLength - from);
  if (from > 0) {
    const size = String(content.byteLength);
    response.setHeader(
      'content-range',
      `bytes ${String(from)}-${String(Number(size) - 1)}/${size}`,
    );
  }
  response.writeHead(from > 0 ? 206 : 200);
  if (fault === 'cut-once' && ending !== undefined) {
    registry.faults.delete(ending);
    const half = content.subarray(from, from + Math.ceil((content.byteLength - from) / 2));
    served.sentBytes = half.byteLength;
    // Later, so that what was sent has been read: a broken connection takes unread bytes with it.
    response.write(half, () => setTimeout(() => response.socket?.destroy(), CUT_MS));
    return;
  }
  const end = (): void => {
    if (fault === 'endless') goOn(response);
    else response.end();
  };
  void send(response, content.subarray(from), registry.tarballBytesPerS, (bytes) => {
    served.sentBytes += bytes;
  }).then(end);
}

function contentWith(fault: Fault | undefined, tarball: Buffer): Buffer {
  if (fault === 'truncated') return tarball.subarray(0, Math.ceil(tarball.byteLength / 2));
  if (fault !== 'corrupt') return tarball;
  const changed = Buffer.from(tarball);
  changed[20] = (changed[20] ?? 0) ^ 1;
  return changed;
}

/** 0 for a request that is answered whole. */
function firstByte({ headers }: IncomingMessage, etag: string, size: number): number {
  const from = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const ifRange = headers['if-range'];
  return from < size && (ifRange === undefined || ifRange === etag) ? from : 0;
}

async function send(
  response: ServerResponse,
  content: Buffer,
  bytesPerS: number | undefined,
  onSent: (bytes: number) => void,
): Promise<void> {
  const step = bytesPerS === undefined ? PIECE_BYTES : Math.ceil((bytesPerS * STEP_MS) / 1_000);
  for (let at = 0; at < content.byteLength && !response.destroyed; at += step) {
    const piece = content.subarray(at, at + step);
    await written(response, piece);
    onSent(piece.byteLength);
    if (bytesPerS !== undefined) await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}

/** Waits while nobody reads. */
function written(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.write(bytes, () => {
      response.off('close', resolve);
      resolve();
    });
  });
}

function goOn(response: ServerResponse): void {
  if (response.destroyed) return;
  response.write(Buffer.alloc(PIECE_BYTES), () => {
    goOn(response);
  });
}
