// The way out for tools inside the sandbox that must speak HTTP themselves: an HTTP proxy on a Unix
// socket, for exactly the hosts and ports that were granted. There is no network interface inside.
//
// Invariants:
//   E1. Only an exact match of a granted "host:port" is dialled, and only at an address that may be
//       dialled (T13, T14).
//   E2. Every connection, allowed or not, is told to the audit once; what is refused in a flood is
//       told as far as DENIALS_PER_MINUTE goes and otherwise counted.
//   E3. Connections and their silence are bounded (T10, T20); everything ends with the run.

import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { displayText } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import { freeSocketPath } from '../../runtime/grpc.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { errorCode, errorWords } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { dial } from './dial.http.js';
import { forward } from './forward.http.js';
import { authorityOf, isGranted, readAbsoluteForm, readAuthority, type Target } from './target.js';
import { tunnel, type Traffic, type TunnelDeps } from './tunnel.http.js';
import { readProxyRule, type Environment } from './upstream-proxy.js';

const CONNECTIONS_MAX = 64;
const IDLE_MS_MAX = 60_000;
const HEADER_MS_MAX = 15_000;
const DENIALS_PER_MINUTE = 30;

export interface EgressDeps {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** HTTP(S)_PROXY, NO_PROXY. */
  readonly env: Environment;
  readonly idleMsMax?: number;
}

/** Serves until closed, or until the run is over. */
export async function serveEgress(run: HostedRun, deps: EgressDeps): Promise<Closeable> {
  const { socketPath, log } = deps;
  const { rule: proxyRule } = readProxyRule(deps.env);
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, run.over]);
  const carry: TunnelDeps = {
    run,
    clock: deps.clock,
    idleMsMax: deps.idleMsMax ?? IDLE_MS_MAX,
  };
  const denials = denialLimit(deps.clock);

  function told(target: Target, allowed: boolean, traffic: Traffic): void {
    run.emit({ kind: 'egress', host: target.host, port: target.port, allowed, ...traffic });
  }

  function deny(text: string, target: Target | undefined): string {
    const shown = displayText(text, 300);
    const dropped = denials();
    if (dropped !== undefined) {
      const what = target ?? { host: displayText(text, 255), port: 0 };
      if (dropped > 0) log.warn({ runId: run.runId, dropped }, 'refused egress not told');
      told(what, false, { sentBytes: 0, receivedBytes: 0 });
    }
    return `Lull: ${shown} was not granted to this updater. Its manifest declares egress by exact host and port.\n`;
  }

  async function connect(target: Target, inner: Duplex, head: Buffer): Promise<void> {
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    let allowed = true;
    try {
      await run.thawed();
      // CONNECT says nothing of what is carried; what is tunnelled is TLS nearly always.
      const outer = await dial({ ...target, secure: true }, { proxyRule, signal });
      inner.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.byteLength > 0) inner.unshift(head);
      await tunnel(inner, outer, traffic, carry);
    } catch (error) {
      allowed = errorCode(error) !== 'ADDRESS_REFUSED';
      answerRaw(inner, allowed ? '502 Bad Gateway' : '403 Forbidden', unreachable(target, error));
    } finally {
      told(target, allowed, traffic);
    }
  }

  const server = createServer({
    maxHeaderSize: 16_384,
    headersTimeout: HEADER_MS_MAX,
    // A request may be frozen in its middle for a night; idle time is watched while it is carried.
    requestTimeout: 0,
  });
  server.maxConnections = CONNECTIONS_MAX; // E3
  const open = new Set<Duplex>();
  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => undefined);
  });
  server.on('connect', (request: IncomingMessage, inner: Duplex, head: Buffer) => {
    const text = request.url ?? '';
    const target = readAuthority(text);
    if (target !== undefined && isGranted(target, run.grants.egress)) {
      void connect(target, inner, head); // E1
    } else {
      answerRaw(inner, '403 Forbidden', deny(text, target));
    }
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const text = request.url ?? '';
    const target = readAbsoluteForm(text);
    if (target === undefined) {
      answer(response, 400, 'Lull: this is a proxy. Send CONNECT host:port or http://host/path.\n');
    } else if (!isGranted(target, run.grants.egress)) {
      answer(response, 403, deny(authorityOf(target), target));
    } else {
      const traffic = { sentBytes: 0, receivedBytes: 0 };
      const way = { target, path: target.path, proxyRule, traffic, carry, signal };
      forward(request, response, way).then(
        () => {
          told(target, true, traffic);
        },
        (error: unknown) => {
          const allowed = errorCode(error) !== 'ADDRESS_REFUSED';
          answer(response, allowed ? 502 : 403, unreachable(target, error));
          told(target, allowed, traffic);
        },
      );
    }
  });

  await listen(server, socketPath, run.uid);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const closeAll = async (): Promise<void> => {
    ending.abort();
    run.over.removeEventListener('abort', onOver);
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const socket of open) socket.destroy();
    await closed;
    await rm(socketPath, { force: true });
  };
  const onOver = (): void => {
    void close().catch((error: unknown) => {
      log.error({ err: error }, 'the egress proxy could not be closed');
    });
  };
  if (run.over.aborted) onOver();
  else run.over.addEventListener('abort', onOver, { once: true });
  return { close };
}

async function listen(server: Server, path: string, uid: number): Promise<void> {
  await freeSocketPath(path);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(path, 0o600);
  if (uid !== process.getuid?.()) await chown(path, uid, 0);
}

/** E2: answers how many were not told before this one, or undefined for one not to tell. */
function denialLimit(clock: Clock): () => number | undefined {
  let windowAtMs = -Infinity;
  let toldCount = 0;
  let droppedCount = 0;
  return () => {
    const nowMs = clock.now().monotonicMs;
    if (nowMs - windowAtMs >= 60_000) {
      windowAtMs = nowMs;
      toldCount = 0;
    }
    toldCount += 1;
    if (toldCount > DENIALS_PER_MINUTE) {
      droppedCount += 1;
      return undefined;
    }
    const dropped = droppedCount;
    droppedCount = 0;
    return dropped;
  };
}

function unreachable(target: Target, error: unknown): string {
  const words = displayText(errorWords(error), 300);
  return `Lull: ${authorityOf(target)} could not be reached: ${words}\n`;
}

function answer(response: ServerResponse, code: number, body: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(body);
}

function answerRaw(socket: Duplex, statusLine: string, body: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(
    `HTTP/1.1 ${statusLine}\r\ncontent-type: text/plain; charset=utf-8\r\n` +
      `content-length: ${String(Buffer.byteLength(body))}\r\nconnection: close\r\n\r\n${body}`,
  );
}
