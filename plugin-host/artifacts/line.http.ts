// Connections of one attempt at a download. Nothing outlives it: a parked run holds no socket.

import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { Agent, buildConnector } from 'undici';
import { dial } from '../egress/dial.http.js';
import type { ProxyRule } from '../egress/upstream-proxy.js';

export interface LineOptions {
  readonly proxyRule: ProxyRule;
  /** Whom servers, and proxies, have to be vouched for by. */
  readonly secureContext: SecureContext;
  /** How long a server may be silent. */
  readonly stallMsMax: number;
}

export interface Line {
  readonly agent: Agent;
  /** Where the last connection went: the server, or the proxy before it. */
  address: string;
}

/** The caller destroys the agent. @param operatorHosts see dial.http.ts. */
export function openLine(
  options: LineOptions,
  operatorHosts: readonly string[],
  signal: AbortSignal,
): Line {
  const { proxyRule, secureContext } = options;
  const secure = buildConnector({ secureContext: options.secureContext });
  const line: Line = {
    address: '',
    agent: new Agent({
      connections: 1,
      headersTimeout: options.stallMsMax,
      bodyTimeout: options.stallMsMax,
      connect: (wanted, callback) => {
        const isSecure = wanted.protocol === 'https:';
        const connected = (socket: Socket): void => {
          line.address = socket.remoteAddress ?? '';
          if (isSecure) secure({ ...wanted, httpSocket: socket }, callback);
          else callback(null, socket);
        };
        const failed = (error: unknown): void => {
          callback(error as Error, null);
        };
        const port = wanted.port === '' ? (isSecure ? 443 : 80) : Number(wanted.port);
        dial(
          { secure: isSecure, host: wanted.hostname, port },
          { proxyRule, secureContext, operatorHosts, signal },
        ).then(connected, failed);
      },
    }),
  };
  return line;
}
