import { afterEach, describe, expect, test } from '@jest/globals';
import type { Server as HttpServer } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import { pause } from '../../runtime/deadline.js';
import { testCertificate, testKey } from '../egress/certificate.testing.js';
import { readProxyRule } from '../egress/upstream-proxy.js';
import { openLine, type Line } from './line.http.js';

const secureContext = createSecureContext({ ca: testCertificate });
const STALL_MS_MAX = 1_000;

let server: Server | HttpServer | undefined;
let line: Line | undefined;

afterEach(async () => {
  line?.close();
  await new Promise((resolve) => server?.close(resolve));
});

/** A line to `at`, and its URL under the name `host`. */
async function lineTo(
  at: Server,
  scheme = 'http',
  host = '127.0.0.1',
): Promise<{ line: Line; url: URL }> {
  server = at;
  await new Promise<void>((resolve) => at.listen(0, '127.0.0.1', resolve));
  const { port } = at.address() as AddressInfo;
  const options = { proxyRule: readProxyRule({}).rule, secureContext, stallMsMax: STALL_MS_MAX };
  const url = new URL(`${scheme}://${host}:${String(port)}/x`);
  line = openLine(options, [url.host], new AbortController().signal);
  return { line, url };
}

function saying(text: string): Server {
  return createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(text));
  });
}

function secured(): HttpServer {
  return createServer({ cert: testCertificate, key: testKey }, (_request, response) => {
    response.end('x');
  });
}

describe('no answer', () => {
  test('is a server that takes the request and says nothing', async () => {
    const silent = createTcpServer((socket) => {
      socket.on('error', () => undefined).resume();
    });
    const { line: open, url } = await lineTo(silent);
    await expect(open.ask(url, {})).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining(`the answer of ${url.host}`),
    });
  });

  test.each([
    ['that ends the connection', ''],
    ['that speaks another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'that switches to another, unasked',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
    ],
  ])('is a server %s', async (_what, text) => {
    const { line: open, url } = await lineTo(saying(text));
    await expect(open.ask(url, {})).rejects.not.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  });

  test('is a server whose certificate names another', async () => {
    const { line: open, url } = await lineTo(secured(), 'https', 'localhost');
    await expect(open.ask(url, {})).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});

test('an address that is in the certificate is vouched for by it', async () => {
  const { line: open, url } = await lineTo(secured(), 'https');
  expect(await open.ask(url, {})).toMatchObject({ status: 200, address: '127.0.0.1' });
});

describe('a body', () => {
  const start = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n';

  async function read(body: AsyncIterable<Uint8Array>, waitMs = 0): Promise<string> {
    let text = '';
    for await (const piece of body) {
      text += Buffer.from(piece).toString();
      await pause(waitMs);
    }
    return text;
  }

  test('that is cut short ends with an error', async () => {
    const { line: open, url } = await lineTo(saying(`${start}half`));
    const { status, body } = await open.ask(url, {});
    expect(status).toBe(200);
    await expect(read(body)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('that stops coming is given up', async () => {
    const stalling = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.write(`${start}half`));
    });
    const { line: open, url } = await lineTo(stalling);
    const { body } = await open.ask(url, {});
    await expect(read(body)).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      message: expect.stringContaining(`the next piece from ${url.host}`),
    });
  });

  test('whose reader takes its time is not called late', async () => {
    const { line: open, url } = await lineTo(saying(`${start}all of it`));
    const { body } = await open.ask(url, {});
    expect(await read(body, STALL_MS_MAX + 100)).toBe('all of it');
  });
});
