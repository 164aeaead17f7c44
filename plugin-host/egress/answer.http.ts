// What the egress proxy answers in its own name.

import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { displayText } from '../../conditions/words.js';
import { errorCode, errorWords, HostError } from '../channel/host-failure.js';
import { authorityOf, type Target } from './target.js';

/** Whether the host itself did not want it, and not the network. */
export function isRefusal(error: unknown): boolean {
  return errorCode(error) === 'ADDRESS_REFUSED' || error instanceof HostError;
}

export function unreachable(target: Target, error: unknown): string {
  const words = displayText(errorWords(error), 300);
  return `Lull: ${authorityOf(target)} could not be reached: ${words}\n`;
}

export function answer(response: ServerResponse, code: number, body: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(body);
}

export function answerRaw(socket: Duplex, statusLine: string, body: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
      `content-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
  );
}
