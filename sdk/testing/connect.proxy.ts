// The host's egress proxy as a test needs it: CONNECT and plain requests on a Unix socket, to the
// hosts that the test allows.

import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';

export interface TestProxy {
  readonly socketPath: string;
  /** "host:port" of each request, refused ones too. */
  readonly targets: readonly string[];
  close(): Promise<void>;
}

export async function startTestProxy(
  socketPath: string,
  allows: (authority: string) => boolean,
): Promise<TestProxy> {
  const targets: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '');
    targets.push(url.host);
    if (!allows(url.host)) {
      response.writeHead(403).end('not granted');
      return;
    }
    const onward = httpRequest(url, { method: request.method, headers: request.headers });
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.once('error', () => response.destroy());
    request.pipe(onward);
  });
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('connect', (request, inner: Socket) => {
    const authority = request.url ?? '';
    targets.push(authority);
    if (!allows(authority)) {
      inner.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const { hostname, port } = new URL(`http://${authority}`);
    const outer = connect(Number(port || 80), hostname);
    open.add(outer);
    outer.once('connect', () => {
      inner.write('HTTP/1.1 200 OK\r\n\r\n');
      inner.pipe(outer).pipe(inner);
    });
    outer.once('error', () => inner.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'));
    outer.once('close', () => {
      open.delete(outer);
      inner.destroy();
    });
    inner.once('error', () => outer.destroy());
    inner.once('close', () => outer.destroy());
  });
  server.listen(socketPath);
  await once(server, 'listening');
  return {
    socketPath,
    targets,
    close: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}
