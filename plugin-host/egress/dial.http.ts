// The one way out of this machine for what the host does in an updater's name: a socket to a granted
// destination, directly or through the operator's proxy.
//
// Invariants:
//   D1. Directly: only addresses that may be dialled (address.dns.ts).
//   D2. Through a proxy: the proxy resolves names, so which addresses they may have is the proxy's to
//       judge; literal addresses are judged here. The proxy's own address is the operator's word.
//   D3. A proxy is asked for a tunnel for what is secured, and given the request itself, in absolute
//       form, for what is not: few proxies tunnel to port 80.

import { request } from 'node:http';
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { DeadlineError } from '../../runtime/deadline.js';
import { checkedLookup, refuseLiteral, unbracketed } from './address.dns.js';
import { ProxyError } from './proxy-error.js';
import { proxyFor, type Destination, type ProxyRule } from './upstream-proxy.js';

/** Longer than a slow network's worst handshake, shorter than a person's patience. */
export const CONNECT_MS_MAX = 15_000;

export interface DialOptions {
  readonly proxyRule: ProxyRule;
  /** Whom proxies that are themselves secured have to be vouched for by. */
  readonly secureContext: SecureContext;
  /** "host:port" of what the operator named; see address.dns.ts. */
  readonly operatorHosts: readonly string[];
  readonly signal: AbortSignal;
  /** How it is read, as `connect` takes it: only for what is neither secured nor tunnelled. */
  readonly onread?: OnReadOpts;
}

/**
 * Connects. The socket is the caller's to destroy. Where the destination is not secured and a proxy
 * is before it, it leads to the proxy, which wants the absolute form (D3): see `absoluteForm`.
 * @throws AddressRefusedError, ProxyError, DeadlineError, or what the network said.
 */
export async function dial(to: Destination, options: DialOptions): Promise<Socket> {
  const { signal } = options;
  signal.throwIfAborted();
  const byOperator = options.operatorHosts.includes(`${to.host}:${String(to.port)}`);
  refuseLiteral(to.host, byOperator); // D1, D2
  const proxy = proxyFor(options.proxyRule, to);
  const what = `connecting to ${to.host}`;
  if (proxy === undefined) {
    const lookup = checkedLookup(byOperator);
    const host = unbracketed(to.host);
    const open = () =>
      connect({
        host,
        port: to.port,
        lookup,
        allowHalfOpen: true,
        noDelay: true,
        ...readBy(options),
      });
    return connected(open, 'connect', signal, what);
  }
  const socket = await toProxy(proxy, options);
  if (!to.secure) return socket;
  try {
    return await tunnelled(socket, proxy, to, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Secures what `dial` has connected, which is destroyed where that fails. */
export async function secured(
  socket: Socket,
  { host }: Destination,
  { secureContext, signal }: Pick<DialOptions, 'secureContext' | 'signal'>,
): Promise<Socket> {
  const name = unbracketed(host);
  // An address is in the certificate, and never in what is asked for.
  const servername = isIP(name) === 0 ? name : '';
  const open = () => connectTls({ socket, host: name, servername, secureContext });
  try {
    return await connected(open, 'secureConnect', signal, `securing the connection to ${host}`);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** What a plain http request to `to` is sent with where a proxy takes it (D3). */
export function absoluteForm(
  proxyRule: ProxyRule,
  to: Destination,
): { readonly headers: Readonly<Record<string, string>> } | undefined {
  const proxy = to.secure ? undefined : proxyFor(proxyRule, to);
  return proxy === undefined ? undefined : { headers: credentialsOf(proxy) };
}

function readBy({ onread }: DialOptions): { readonly onread?: OnReadOpts } {
  return onread === undefined ? {} : { onread };
}

function toProxy(proxy: URL, options: DialOptions): Promise<Socket> {
  const { signal, secureContext } = options;
  const secure = proxy.protocol === 'https:';
  const host = unbracketed(proxy.hostname);
  const port = proxy.port === '' ? (secure ? 443 : 80) : Number(proxy.port);
  const what = `connecting to the proxy ${proxy.host}`;
  if (!secure) {
    const plain = () => connect({ host, port, noDelay: true, ...readBy(options) });
    return connected(plain, 'connect', signal, what);
  }
  const open = () => connectTls({ host, port, servername: host, secureContext });
  return connected(open, 'secureConnect', signal, what);
}

function connected(
  open: () => Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  what: string,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = open();
    const end = whenTooLate(signal, what, (error) => socket.destroy(error));
    const onError = (error: Error): void => {
      end();
      reject(error);
    };
    socket.once('error', onError);
    socket.once(event, () => {
      end();
      socket.off('error', onError);
      resolve(socket);
    });
  });
}

function tunnelled(
  socket: Socket,
  proxy: URL,
  to: Destination,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${to.host}:${String(to.port)}`;
  return new Promise((resolve, reject) => {
    const asking = request({
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...credentialsOf(proxy) },
      createConnection: () => socket,
    });
    const end = whenTooLate(signal, `the proxy's connection to ${to.host}`, (error) =>
      asking.destroy(error),
    );
    asking.once('connect', (response, through, head) => {
      end();
      const { statusCode = 0 } = response;
      if (statusCode === 200) {
        if (head.byteLength > 0) through.unshift(head);
        resolve(through);
      } else reject(new ProxyError(statusCode, authority));
    });
    asking.once('error', (error) => {
      end();
      reject(error);
    });
    asking.end();
  });
}

function credentialsOf(proxy: URL): Record<string, string> {
  if (proxy.username === '') return {};
  const plain = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(plain).toString('base64')}` };
}

/** Calls `stop` at the deadline or when the signal is aborted, until it is ended. */
function whenTooLate(signal: AbortSignal, what: string, stop: (error: Error) => void): () => void {
  const timer = setTimeout(() => {
    stop(new DeadlineError(what, CONNECT_MS_MAX));
  }, CONNECT_MS_MAX);
  const onAbort = (): void => {
    stop(new Error(`${what} was given up`));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  };
}
