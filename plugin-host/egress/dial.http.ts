// The one way out of this machine for what the host does in an updater's name: a socket to a granted
// destination, directly or through the operator's proxy.
//
// Invariant:
//   D1. Directly: only addresses that may be dialled (address.dns.ts). Through a proxy: the proxy
//       resolves the name, so the check is the proxy's; its own address is the operator's word.

import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { DeadlineError } from '../../runtime/deadline.js';
import { checkedLookup, unbracketed } from './address.dns.js';
import { proxyFor, type Destination, type ProxyRule } from './upstream-proxy.js';

/** Longer than a slow network's worst handshake, shorter than a person's patience. */
export const CONNECT_MS_MAX = 15_000;

/**
 * Connects. The socket is the caller's to destroy.
 * @throws AddressRefusedError, DeadlineError, or what the network said.
 */
export async function dial(
  to: Destination,
  options: { readonly proxyRule: ProxyRule; readonly signal: AbortSignal },
): Promise<Socket> {
  options.signal.throwIfAborted();
  const proxy = proxyFor(options.proxyRule, to);
  return proxy === undefined
    ? dialDirectly(to, options.signal)
    : dialThrough(proxy, to, options.signal);
}

function dialDirectly(to: Destination, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: unbracketed(to.host),
      port: to.port,
      lookup: checkedLookup, // D1
      allowHalfOpen: true,
      noDelay: true,
    });
    const end = whenTooLate(signal, `connecting to ${to.host}`, (error) => socket.destroy(error));
    socket.once('connect', () => {
      end();
      resolve(socket);
    });
    socket.once('error', (error) => {
      end();
      reject(error);
    });
  });
}

function dialThrough(proxy: URL, to: Destination, signal: AbortSignal): Promise<Socket> {
  const authority = `${to.host}:${String(to.port)}`;
  return new Promise((resolve, reject) => {
    const asking = request({
      host: unbracketed(proxy.hostname),
      port: proxy.port === '' ? 80 : Number(proxy.port),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...credentialsOf(proxy) },
      agent: false,
    });
    const end = whenTooLate(signal, `the proxy's connection to ${to.host}`, (error) =>
      asking.destroy(error),
    );
    asking.once('connect', (response, socket, head) => {
      end();
      if (response.statusCode === 200) {
        if (head.byteLength > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(new Error(`the proxy answered ${String(response.statusCode)} for ${authority}`));
      }
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
