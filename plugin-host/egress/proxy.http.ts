// The way out for tools inside the sandbox that must speak HTTP themselves: an HTTP proxy on a Unix
// socket, for exactly the hosts and ports that were granted. There is no network interface inside.
//
// Invariants:
//   E1. Only an exact match of a granted "host:port" is dialled, and only at an address that may be
//       dialled (T13, T14).
//   E2. Every connection, allowed or not, is told to the audit (account.loop.ts).
//   E3. Connections and their silence are bounded (T10, T20), and the time for which a run is frozen is no
//       silence of its own; everything ends with the run. A connection carries one request: of those that
//       are sent behind it none is looked at, and no more is read.

import { chmod, chown, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createDoor, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { displayText } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import { Turnstile, type Piecewise } from '../../runtime/piecewise.stream.js';
import { freeSocketPath } from '../../runtime/socket-path.fs.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { errorCode, HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import type { SecureContext } from 'node:tls';
import { EgressAccount } from './account.loop.js';
import { answer, answerRaw, isRefusal, unreachable } from './answer.http.js';
import { dial } from './dial.http.js';
import { forward } from './forward.http.js';
import { authorityOf, isGranted, readAbsoluteForm, readAuthority, type Target } from './target.js';
import { tunnel, watchIdle, type Traffic, type TunnelDeps } from './tunnel.http.js';
import { readProxyRule, type Environment } from './upstream-proxy.js';
import { waitOn } from './wait.loop.js';

const CONNECTIONS_MAX = 64;
const IDLE_MS_MAX = 60_000;
const HEADER_MS_MAX = 15_000;
/** For what was carried to say how far it came; its sockets are gone by then. */
const CLOSE_MS_MAX = 1_000;

export interface EgressDeps {
  readonly socketPath: string;
  readonly clock: Clock;
  readonly log: Log;
  /** HTTP(S)_PROXY, NO_PROXY. */
  readonly env: Environment;
  /** Whom a secured proxy has to be vouched for by. */
  readonly secureContext: SecureContext;
  readonly idleMsMax?: number;
  /** For a request to be there whole. */
  readonly headerMsMax?: number;
}

/** Serves until closed, or until the run is over. */
export async function serveEgress(run: HostedRun, deps: EgressDeps): Promise<Closeable> {
  const { socketPath, log, clock, secureContext } = deps;
  const { operatorHosts } = run.grants;
  const out = { proxyRule: readProxyRule(deps.env).rule, secureContext, operatorHosts };
  const ending = new AbortController();
  const signal = AbortSignal.any([ending.signal, run.over]);
  const carry: TunnelDeps = {
    run,
    clock: deps.clock,
    idleMsMax: deps.idleMsMax ?? IDLE_MS_MAX,
  };
  const account = new EgressAccount(run, { clock, log });
  const carrying = new Set<Promise<void>>();
  let saidMetered = false;

  /** A connection to a granted host has ended, because of `error` if there is one. */
  function told({ host, port }: Target, traffic: Traffic, error?: unknown): void {
    const metered = error instanceof HostError && error.code === 'METERED';
    const begun = traffic.sentBytes + traffic.receivedBytes > 0;
    const allowed = metered ? begun : errorCode(error) !== 'ADDRESS_REFUSED';
    const reason = metered ? ({ reason: 'METERED' } as const) : {};
    account.ended({ host, port, allowed, ...traffic, ...reason });
    if (!metered || saidMetered) return;
    saidMetered = true;
    const whose = begun ? 'cut' : 'refused';
    run.emit({ kind: 'notice', message: `a connection to ${host} was ${whose}: ${error.message}` });
  }

  /** What is carried is over, and told, before the run is. */
  function carried(work: Promise<void>): void {
    carrying.add(work);
    void work.finally(() => carrying.delete(work));
  }

  function deny(text: string, target: Target | undefined): string {
    const shown = displayText(text, 300);
    account.refused(target?.host ?? displayText(text, 255), target?.port ?? 0);
    return `Lull: ${shown} was not granted to this updater. Its manifest declares egress by exact host and port.\n`;
  }

  async function connect(target: Target, inner: Duplex, head: Buffer): Promise<void> {
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    try {
      await run.thawed();
      await run.take(0);
      // CONNECT says nothing of what is carried; what is tunnelled is TLS nearly always.
      const outer = await dial({ ...target, secure: true }, { ...out, signal });
      inner.write('HTTP/1.1 200 Connection established\r\n\r\n');
      if (head.byteLength > 0) inner.unshift(head);
      told(target, traffic, await tunnel(inner, outer, traffic, carry));
    } catch (error) {
      const line = isRefusal(error) ? '403 Forbidden' : '502 Bad Gateway';
      answerRaw(inner, line, unreachable(target, error));
      told(target, traffic, error);
    }
  }

  const server = createServer({
    maxHeaderSize: 16_384,
    // A request may be frozen in its middle for a night: what is late is watched here (E3).
    headersTimeout: 0,
    requestTimeout: 0,
  });
  const turnstile = new Turnstile();
  /** Each with what is told when its request is there. */
  const open = new Map<Duplex, { readonly asked: AbortController; readonly inner: Piecewise }>();
  const door = createDoor({ allowHalfOpen: true }, (socket) => {
    const inner = turnstile.through(socket);
    const asked = new AbortController();
    open.set(inner, { asked, inner });
    inner.once('close', () => {
      asked.abort();
      open.delete(inner);
    });
    inner.on('error', () => undefined);
    const idleMsMax = deps.headerMsMax ?? HEADER_MS_MAX;
    const silence = { sentBytes: 0, receivedBytes: 0 };
    void watchIdle(silence, { ...carry, idleMsMax }, asked.signal).then(() => {
      if (!asked.signal.aborted) inner.destroy(); // E3
    });
    server.emit('connection', inner);
  });
  door.maxConnections = CONNECTIONS_MAX; // E3
  /** E3. Whoever sends more hears with the first answer that the connection is closed. */
  function isFirst(socket: Duplex): boolean {
    const connection = open.get(socket);
    const first = connection?.asked.signal.aborted === false;
    if (first) connection.asked.abort();
    else connection?.inner.leaveUnread();
    return first;
  }
  server.on('connect', (request: IncomingMessage, inner: Duplex, head: Buffer) => {
    if (!isFirst(inner)) return;
    const text = request.url ?? '';
    const target = readAuthority(text);
    if (target !== undefined && isGranted(target, run.grants.egress)) {
      carried(connect(target, inner, head)); // E1
    } else {
      answerRaw(inner, '403 Forbidden', deny(text, target));
    }
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!isFirst(request.socket)) return;
    const text = request.url ?? '';
    const target = readAbsoluteForm(text);
    if (target === undefined) {
      answer(response, 400, 'Lull: this is a proxy. Send CONNECT host:port or http://host/path.\n');
    } else if (!isGranted(target, run.grants.egress)) {
      answer(response, 403, deny(authorityOf(target), target));
    } else {
      const traffic = { sentBytes: 0, receivedBytes: 0 };
      const way = { target, path: target.path, out, traffic, carry, signal, turnstile };
      const forwarding = forward(request, response, way).then(
        () => {
          told(target, traffic);
        },
        (error: unknown) => {
          answer(response, isRefusal(error) ? 403 : 502, unreachable(target, error));
          told(target, traffic, error);
        },
      );
      carried(forwarding);
    }
  });

  await listen(door, socketPath, run.uid);
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  const closeAll = async (): Promise<void> => {
    ending.abort();
    run.over.removeEventListener('abort', onOver);
    const closed = new Promise<void>((resolve) => {
      door.close(() => {
        resolve();
      });
    });
    for (const socket of open.keys()) socket.destroy();
    await closed;
    // What is carried for a frozen run waits for it to thaw, and is told when it has ended.
    await Promise.race([
      Promise.all(carrying),
      waitOn(clock, CLOSE_MS_MAX, new AbortController().signal),
    ]);
    account.close();
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
