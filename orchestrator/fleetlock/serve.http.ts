// FleetLock over HTTP, so that update agents such as Zincati share the groups of a fleet.
//
// Invariants:
//   F1. Whoever speaks FleetLock says who it is, and nobody checks it. So its places are its own: it can
//       neither have nor release one of a host of Lull.
//   F2. A place is said to be held or released only when the groups say so; everything else is an error,
//       after which the protocol's clients ask again.
//   F3. Sizes, times and the number of requests under way are bounded.
//   F4. Nothing is kept of a group that the policy does not name: anybody can invent one.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { displayText } from '../../conditions/words.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { GroupLock } from '../groups/group-lock.js';
import { askedIn, BODY_BYTES_MAX, refused, verbOf, type Answer, type Asked } from './request.js';

const HEADERS_MS_MAX = 5_000;
const REQUEST_MS_MAX = 10_000;
const HEADERS_BYTES_MAX = 8_192;
const CONNECTIONS_MAX = 1_024;
const UNDER_WAY_MAX = 256;

export interface FleetLockOptions {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** PEM; absent: plain HTTP, for a proxy in front that has them. */
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  readonly lock: GroupLock;
  readonly log: Log;
}

export interface FleetLockServer extends Closeable {
  readonly port: number;
  close(): Promise<void>;
}

export async function serveFleetLock(options: FleetLockOptions): Promise<FleetLockServer> {
  const { lock, log, tls } = options;
  let underWay = 0;
  const limits = {
    headersTimeout: HEADERS_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
    maxHeaderSize: HEADERS_BYTES_MAX,
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    if (underWay >= UNDER_WAY_MAX) {
      const value = `${String(UNDER_WAY_MAX)} requests are under way: ask again later`;
      send(response, refused(503, 'too_many_requests', value));
      return;
    }
    underWay += 1;
    void answerTo(request, lock)
      .catch((error: unknown): Answer => {
        log.error({ err: error }, 'a request of FleetLock failed');
        return refused(500, 'failed_lock', 'whether a place is held cannot be found out now');
      })
      .then((answer) => {
        send(response, answer);
      })
      .finally(() => {
        underWay -= 1;
      });
  };
  const server: Server =
    tls === undefined ? createServer(limits, take) : createTlsServer({ ...limits, ...tls }, take);
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerTo(request: IncomingMessage, lock: GroupLock): Promise<Answer> {
  const { method = '', url = '', headers } = request;
  const [path = ''] = url.split('?');
  const protocol = headers['fleet-lock-protocol'];
  const verb = verbOf({ method, path, protocol: protocol?.toString() });
  if (typeof verb !== 'string') return verb;
  const body = await bodyOf(request);
  if (body === undefined) {
    return refused(413, 'body_too_large', `more than ${String(BODY_BYTES_MAX)} bytes`);
  }
  const asked = askedIn(verb, body);
  return 'status' in asked ? asked : await done(asked, lock);
}

async function done({ verb, group, id }: Asked, lock: GroupLock): Promise<Answer> {
  const owner = `fleetlock:${id}`; // F1
  if (verb === 'steady-state') {
    await lock.release(group, owner);
    return { status: 200 };
  }
  const place = await lock.acquire(group, owner);
  if (place.kind === 'held') return { status: 200 };
  if (place.max === 0) {
    return refused(404, 'unknown_group', `the policy gives nobody a place in ${group}`); // F4
  }
  const holders = place.holders.map((holder) => displayText(holder.id, 64)).slice(0, 8);
  const value = `all ${String(place.max)} places of group ${group} are taken, by ${holders.join(', ')}`;
  return refused(409, 'failed_lock_semaphore_full', value);
}

/** @returns undefined for one that is too large, of which no more is read (F3). */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let byteCount = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    byteCount += chunk.byteLength;
    if (byteCount > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, { status, error }: Answer): void {
  if (response.destroyed) return;
  const body = error === undefined ? '' : JSON.stringify(error);
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    // What is left of a body that was not read cannot be told from the next request.
    ...(status === 200 || status === 409 ? {} : { connection: 'close' }),
    ...(status === 405 ? { allow: 'POST' } : {}),
  });
  response.end(body);
}
