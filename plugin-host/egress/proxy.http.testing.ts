// A company's proxy, on loopback, for tests: it takes plain requests in absolute form and tunnels to
// port 443 alone, as they do, resolves every name to this machine, and wants credentials if told so.

import { createServer, request, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { testCertificate, testKey } from './certificate.testing.js';

export interface CompanyProxy {
  readonly port: number;
  /** "CONNECT authority" or "METHOD url" of every request, refused ones too. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/**
 * @param options.credentials "user:password"; others are answered with 407.
 * @param options.tunnelsTo the port on this machine for what is port 443 outside.
 */
export async function startCompanyProxy(
  options: {
    readonly secure?: boolean;
    readonly credentials?: string;
    readonly tunnelsTo?: number;
  } = {},
): Promise<CompanyProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const server: Server =
    options.secure === true
      ? createSecureServer({ cert: testCertificate, key: testKey })
      : createServer();
  const welcome = ({ headers }: IncomingMessage): boolean => {
    const { credentials } = options;
    const wanted = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`;
    return credentials === undefined || headers['proxy-authorization'] === wanted;
  };
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('request', (incoming, response) => {
    const url = incoming.url ?? '';
    asked.push(`${incoming.method ?? ''} ${url}`);
    if (!url.startsWith('http://')) {
      response.writeHead(400).end('not in absolute form');
    } else if (!welcome(incoming)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end('who are you?');
    } else {
      const { port, pathname, search, host } = new URL(url);
      const path = pathname + search;
      const headers = { ...incoming.headers, host };
      const onward = request({ host: '127.0.0.1', port, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      incoming.pipe(onward);
    }
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    const authority = incoming.url ?? '';
    asked.push(`CONNECT ${authority}`);
    socket.on('error', () => undefined);
    if (!welcome(incoming)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
    } else if (!authority.endsWith(':443') || options.tunnelsTo === undefined) {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    } else {
      const outer = connect(options.tunnelsTo, '127.0.0.1');
      sockets.add(outer);
      outer.on('error', () => socket.destroy());
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(outer).pipe(socket);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
      }),
  };
}
