// A plain http request in absolute form, passed on to a granted host.

import {
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import type { Turnstile } from '../../runtime/piecewise.stream.js';
import { absoluteForm, dial, type DialOptions } from './dial.http.js';
import { ProxyError } from './proxy-error.js';
import { authorityOf, type Target } from './target.js';
import { pump, watchIdle, type Traffic, type TunnelDeps } from './tunnel.http.js';

/** What is between two neighbours only, and never passed on. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

export interface Way {
  readonly target: Target;
  readonly path: string;
  readonly out: Omit<DialOptions, 'signal'>;
  readonly traffic: Traffic;
  readonly carry: TunnelDeps;
  readonly signal: AbortSignal;
  /** What the server says is read by it. */
  readonly turnstile: Turnstile;
}

/** Settles when the response was passed on whole. @throws when it cannot be. */
export async function forward(
  asked: IncomingMessage,
  response: ServerResponse,
  way: Way,
): Promise<void> {
  const { target, traffic, carry } = way;
  await carry.run.thawed();
  await carry.run.take(0);
  const ending = new AbortController();
  const signal = AbortSignal.any([way.signal, ending.signal]);
  response.once('close', () => {
    ending.abort();
  });
  const to = { ...target, secure: false };
  const through = absoluteForm(way.out.proxyRule, to);
  const socket = await dial(to, { ...way.out, signal });
  socket.on('error', () => undefined);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  void watchIdle(traffic, carry, signal).then(() => socket.destroy());
  try {
    const outgoing = request({
      method: asked.method ?? 'GET',
      path: through === undefined ? way.path : `http://${authorityOf(target)}${way.path}`,
      headers: {
        ...passedOn(asked.headers),
        ...framingOf(asked.headers),
        host: authorityOf(target),
        connection: 'close',
        ...through?.headers,
      },
      createConnection: () => way.turnstile.through(socket),
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
      // As of a server that switches to another protocol, for which nobody has asked.
      outgoing.once('close', () => {
        reject(new Error('the connection ended without an answer'));
      });
    });
    const [incoming] = await Promise.all([
      answered,
      pump(asked, outgoing, carry.run, signal, (bytes) => {
        traffic.sentBytes += bytes;
      }),
    ]);
    if (through !== undefined && incoming.statusCode === 407) {
      throw new ProxyError(407, authorityOf(target));
    }
    response.writeHead(incoming.statusCode ?? 502, {
      ...passedOn(incoming.headers),
      connection: 'close',
    });
    await pump(incoming, response, carry.run, signal, (bytes) => {
      traffic.receivedBytes += bytes;
    });
  } finally {
    socket.destroy();
    ending.abort();
  }
}

/**
 * A body without a length is sent in chunks, whatever the method: bare bytes after the head of a GET are
 * the next request to whoever reads them, and to a company's proxy one that nobody has granted.
 */
function framingOf(headers: IncomingHttpHeaders): Record<string, string> {
  return headers['transfer-encoding'] === undefined ? {} : { 'transfer-encoding': 'chunked' };
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}
