// A connection to NATS: who we are, how long we wait, and what is logged of it.

import { readFileSync } from 'node:fs';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  AuthorizationError,
  connect,
  credsAuthenticator,
  UserAuthenticationExpiredError,
  type NatsConnection,
} from '@nats-io/transport-node';
import { pause, whenAborted, within } from './deadline.js';
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
  /** Of the authority that the server's certificate is from; absent: one that Node.js trusts. */
  readonly caFile?: string;
  /** Who we are, where the server asks for that. */
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsOptions {
  /** `nats://` or `tls://`, with a user and a password where the server asks for them. */
  readonly url: URL;
  /** Other servers of the same cluster, as host:port: one of them is enough to begin with. */
  readonly alsoAt?: readonly string[];
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
  /** Whether no server is there just now: what is asked waits for its deadline. */
  isOutOfReach(): boolean;
}

/**
 * Connects as soon as the server can be reached, however long that takes: whoever starts with the machine is
 * there before its network, or while the server is down.
 * @returns undefined when `signal` was aborted before.
 * @throws NatsRefusal where the server is there and does not take us, or we do not take it; and whatever our
 * own files are unreadable with. Waiting mends neither.
 */
export async function awaitNats(
  options: NatsOptions,
  signal: AbortSignal,
): Promise<Nats | undefined> {
  const { log } = options;
  const at = placeOf(options);
  requireFiles(options);
  const stopped = whenAborted(signal);
  let told = '';
  while (!signal.aborted) {
    try {
      const connecting = connectNats(options);
      const nats = await Promise.race([connecting, stopped]);
      if (nats === undefined) void closeLate(connecting);
      else if (told !== '') log.info(`NATS at ${at} is there`);
      return nats;
    } catch (error) {
      if (isRefusal(error)) throw new NatsRefusal((error as Error).message, { cause: error });
      const why = (error as Error).message;
      if (why !== told) log.warn(`waiting for NATS at ${at}, which is out of reach: ${why}`);
      told = why;
    }
    await pause(RECONNECT_MS + Math.random() * RECONNECT_JITTER_MS, signal);
  }
  return undefined;
}

/** Nobody waits for it any more. */
async function closeLate(connecting: Promise<Nats>): Promise<void> {
  try {
    await (await connecting).close();
  } catch {
    // It never came, or has gone by itself.
  }
}

/** The server does not take what we show, or we do not take what it shows. */
export class NatsRefusal extends Error {
  override readonly name = 'NatsRefusal';
}

/** Of OpenSSL and of Node.js. A clock that was not set yet, at a boot, is not for good. */
const ofCertificates =
  /^(?:ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_|CERT_(?!NOT_YET_VALID))/;

function isRefusal(error: unknown): boolean {
  if (error instanceof UserAuthenticationExpiredError) return true;
  // A server to which a whole fleet comes back gives up on some that are slow to say who they are.
  if (error instanceof AuthorizationError) return !/timeout/i.test(error.message);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && ofCertificates.test(code);
}

/** What we show has to be there before anybody is waited for. Who rotates it meanwhile may be in the middle. */
function requireFiles(options: NatsOptions): void {
  const { caFile, certFile, keyFile } = options.tls ?? {};
  for (const file of [caFile, certFile, keyFile]) if (file !== undefined) readFileSync(file);
  credentialsOf(options);
}

/** Without a password. */
export function placeOf({ url, alsoAt = [] }: Pick<NatsOptions, 'url' | 'alsoAt'>): string {
  return [`${url.protocol}//${url.host}`, ...alsoAt].join(', ');
}

/** Connects once, and stays connected until closed: a server that goes away is looked for for ever. */
export async function connectNats(options: NatsOptions): Promise<Nats> {
  const { url, alsoAt = [], name, tls, log } = options;
  const connection = await connect({
    servers: [url.host, ...alsoAt],
    name,
    ...credentialsOf(options),
    ...(tls === undefined && url.protocol !== 'tls:' ? {} : { tls: tlsOf(options) }),
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
  let isOutOfReach = false;
  void follow(connection, log, (isThere) => {
    isOutOfReach = !isThere;
    if (isThere) for (const listener of listeners) listener();
  });
  return {
    connection,
    onReconnect: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    isOutOfReach: () => isOutOfReach,
    close: async () => {
      await within(connection.close(), CLOSE_MS_MAX, 'closing the connection to NATS');
    },
  };
}

/**
 * Where a server is reached by its address, the library names nobody, and Node.js would look for localhost in its
 * certificate: it is to have one of those that we were told of.
 */
function tlsOf({ url, alsoAt = [], tls }: NatsOptions) {
  const told = [url.hostname, ...alsoAt.map((each) => new URL(`nats://${each}`).hostname)];
  const checked = (named: string, certificate: PeerCertificate): Error | undefined => {
    const names = named === 'localhost' ? told.map(withoutBrackets) : [named];
    const wrong = names.map((name) => checkServerIdentity(name, certificate));
    return wrong.includes(undefined) ? undefined : wrong[0];
  };
  return { ...tls, checkServerIdentity: checked };
}

/** Of an address of IPv6, as a URL has it. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '');
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
  log: Log,
  onReach: (isThere: boolean) => void,
): Promise<void> {
  for await (const status of connection.status()) {
    const { type } = status;
    if (type === 'error') log.warn({ err: status.error }, 'NATS refuses something');
    if (type !== 'disconnect' && type !== 'reconnect') continue;
    const isThere = type === 'reconnect';
    if (isThere) log.info('NATS is back');
    else log.warn('NATS is out of reach');
    onReach(isThere);
  }
}
