// The host's egress proxy as a test needs it: CONNECT and plain requests on a Unix socket, to the
// hosts that the test allows, and with what it wants to be wrong with them.

import { once } from 'node:events';
import { createServer, request as httpRequest, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';

/** `down`: nobody answers there. `cut`: the connection breaks. A number: the status of every answer. */
export type EgressFault = 'down' | 'cut' | 'endless' | 'elsewhere' | 404 | 500;

export interface TestProxy {
  readonly socketPath: string;
  /** "host:port" of each request, refused ones too. */
  readonly targets: readonly string[];
  close(): Promise<void>;
}

export async function startTestProxy(
  socketPath: string,
  allows: (authority: string) => boolean | EgressFault,
): Promise<TestProxy> {
  const targets: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '');
    targets.push(url.host);
    const way = allows(url.host);
    if (way === false) {
      response.writeHead(403).end('not granted');
      return;
    }
    if (way !== true) {
      answerWrongly(response, way);
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
    const way = allows(authority);
    inner.once('error', () => inner.destroy());
    if (way === 'cut') {
      inner.write('HTTP/1.1 200 OK\r\n\r\n');
      inner.once('data', () => inner.destroy());
      return;
    }
    if (way !== true) {
      const line = way === false ? '403 Forbidden' : '502 Bad Gateway';
      inner.end(`HTTP/1.1 ${line}\r\ncontent-length: 0\r\n\r\n`);
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

/** What is inside of a tunnel nobody else can answer; here it is in the clear. */
function answerWrongly(response: ServerResponse, fault: EgressFault): void {
  switch (fault) {
    case 'down':
      response.writeHead(502).end();
      return;
    case 'cut':
      response.writeHead(200, { 'content-length': 1_000 });
      response.write('{', () => response.destroy());
      return;
    case 'elsewhere':
      response.writeHead(302, { location: 'http://elsewhere.invalid/' }).end();
      return;
    case 'endless': {
      response.writeHead(200);
      const piece = Buffer.alloc(16 * 1024, ' ');
      const more = (): void => {
        if (!response.destroyed) response.write(piece, () => setImmediate(more));
      };
      more();
      return;
    }
    case 404:
    case 500:
      response.writeHead(fault).end();
  }
}
