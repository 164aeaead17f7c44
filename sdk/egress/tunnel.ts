// One connection through the host's CONNECT proxy, which listens on a Unix socket: the sandbox has
// no network interface of its own.

import { request } from 'node:http';
import type { Socket } from 'node:net';
import { fail, type UpdaterFailure } from '../failure.js';

/**
 * Opens a tunnel to `authority` ("host:port").
 * @throws UpdaterFailure GRANT_MISSING when the host refuses the target, UPSTREAM_DOWN when it can't
 * be reached.
 */
export function openTunnel(
  egressSocket: string,
  authority: string,
  signal?: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const connect = request({
      socketPath: egressSocket,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority },
      ...(signal && { signal }),
    });
    connect.once('connect', (response, socket, head) => {
      if (response.statusCode === 200) {
        if (head.byteLength > 0) socket.unshift(head);
        resolve(socket);
      } else {
        socket.destroy();
        reject(refusal(response.statusCode ?? 0, authority));
      }
    });
    connect.once('response', (response) => {
      response.destroy();
      reject(refusal(response.statusCode ?? 0, authority));
    });
    connect.once('error', (error) => {
      reject(
        fail('UPSTREAM_DOWN', `no connection to ${authority}: ${error.message}`, { cause: error }),
      );
    });
    connect.end();
  });
}

function refusal(statusCode: number, authority: string): UpdaterFailure {
  return statusCode === 403
    ? fail('GRANT_MISSING', `${authority} is not among the hosts that this updater was granted`)
    : fail(
        'UPSTREAM_DOWN',
        `no connection to ${authority}: the proxy answered ${String(statusCode)}`,
      );
}
