// A connection to NATS: who we are, how long we wait, and what is logged of it.

import { readFileSync } from 'node:fs';
import { connect, credsAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { within } from './deadline.js';
import type { Log } from './log.js';
import type { Closeable } from './shutdown.js';

const CONNECT_MS_MAX = 10_000;
const CLOSE_MS_MAX = 5_000;
const RECONNECT_MS = 250;
/** As much again at most, so that a fleet does not come back in one instant. */
const RECONNECT_JITTER_MS = 500;
/** A half-open connection is noticed after three times that, and another one is tried. */
const PING_EVERY_MS = 10_000;
const PINGS_LOST_MAX = 2;

/** PEM files. */
export interface TlsFiles {
  /** Of the authority that the server's certificate is from. */
  readonly caFile: string;
  /** Who we are, where the server asks for that. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsOptions {
  /** `nats://` or `tls://`, with a user and a password where the server asks for them. */
  readonly url: URL;
  /** What the server shows us as. */
  readonly name: string;
  readonly tls?: TlsFiles;
  /** Who we are, as `lull keys` wrote it: instead of a user and a password. */
  readonly credsFile?: string;
  readonly log: Log;
}

export interface Nats extends Closeable {
  readonly connection: NatsConnection;
  /** Calls `listener` after every break: what was published meanwhile without an acknowledgement is lost. */
  onReconnect(listener: () => void): () => void;
}

/** Connects once, and stays connected until closed: a server that goes away is looked for for ever. */
export async function connectNats(options: NatsOptions): Promise<Nats> {
  const { url, name, tls, log } = options;
  const connection = await connect({
    servers: url.host,
    name,
    ...credentialsOf(options),
    ...(tls === undefined && url.protocol !== 'tls:' ? {} : { tls: { ...tls } }),
    timeout: CONNECT_MS_MAX,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_MS,
    reconnectJitter: RECONNECT_JITTER_MS,
    reconnectJitterTLS: RECONNECT_JITTER_MS,
    pingInterval: PING_EVERY_MS,
    maxPingOut: PINGS_LOST_MAX,
    // Whoever is refused, because what it has expired, comes in once it was given something new; and a
    // server to which a whole fleet comes back refuses some for being slow to say who they are.
    ignoreAuthErrorAbort: true,
    // The library would take a stack at each request, for the error of those that fail.
    noAsyncTraces: true,
  });
  const listeners = new Set<() => void>();
  void follow(connection, listeners, log);
  return {
    connection,
    onReconnect: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      await within(connection.close(), CLOSE_MS_MAX, 'closing the connection to NATS');
    },
  };
}

function credentialsOf({ url, credsFile }: NatsOptions) {
  if (credsFile !== undefined) {
    // Read at every connect: what was rotated meanwhile is used from then on.
    const authenticator = credsAuthenticator(() => readFileSync(credsFile));
    const inboxPrefix = inboxFor(readFileSync(credsFile, 'utf8'));
    return { authenticator, inboxPrefix };
  }
  if (url.username === '') return {};
  return { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) };
}

/** Answers go to an inbox after our name: so it can be permitted to nobody else. */
function inboxFor(creds: string): string {
  const [, payload = ''] = /-----\s*[\w-]+\.([\w-]+)\./.exec(creds) ?? [];
  if (payload === '') throw new Error('there is no JWT in the credentials for NATS');
  const { name } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { name: string };
  return `_INBOX.${name}`;
}

async function follow(
  connection: NatsConnection,
  listeners: ReadonlySet<() => void>,
  log: Log,
): Promise<void> {
  for await (const status of connection.status()) {
    const { type } = status;
    if (type === 'error') log.warn({ err: status.error }, 'NATS refuses something');
    if (type === 'disconnect') log.warn('NATS is out of reach');
    if (type !== 'reconnect') continue;
    log.info('NATS is back');
    for (const listener of listeners) listener();
  }
}
