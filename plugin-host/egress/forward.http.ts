// A plain http request in absolute form, passed on to a granted host.

import {
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { dial } from './dial.http.js';
import { authorityOf, type Target } from './target.js';
import { pump, watchIdle, type Traffic, type TunnelDeps } from './tunnel.http.js';
import type { ProxyRule } from './upstream-proxy.js';

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
  readonly proxyRule: ProxyRule;
  readonly traffic: Traffic;
  readonly carry: TunnelDeps;
  readonly signal: AbortSignal;
}

/** Settles when the response was passed on whole. @throws when it cannot be. */
export async function forward(
  asked: IncomingMessage,
  response: ServerResponse,
  way: Way,
): Promise<void> {
  const { target, traffic, carry } = way;
  await carry.run.thawed();
  const ending = new AbortController();
  const signal = AbortSignal.any([way.signal, ending.signal]);
  response.once('close', () => {
    ending.abort();
  });
  const socket = await dial({ ...target, secure: false }, { proxyRule: way.proxyRule, signal });
  socket.on('error', () => undefined);
  signal.addEventListener('abort', () => socket.destroy(), { once: true });
  void watchIdle(traffic, carry, signal).then(() => socket.destroy());
  try {
    const outgoing = request({
      method: asked.method ?? 'GET',
      path: way.path,
      headers: { ...passedOn(asked.headers), host: authorityOf(target), connection: 'close' },
      createConnection: () => socket,
    });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve);
      outgoing.on('error', reject);
    });
    const [incoming] = await Promise.all([
      answered,
      pump(asked, outgoing, carry.run, signal, (bytes) => {
        traffic.sentBytes += bytes;
      }),
    ]);
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

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) kept[name] = value;
  }
  return kept;
}
