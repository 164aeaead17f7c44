// The proxy of the tests' own does what its faults say: otherwise nothing that is tried with it holds.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startFaultProxy, type FaultProxy } from './fault-proxy.tcp.js';

let echo: Server;
let proxy: FaultProxy;
const sockets: Socket[] = [];
/** What the server was told. */
let heard: Buffer[];

beforeEach(async () => {
  heard = [];
  echo = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      heard.push(bytes);
      socket.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as AddressInfo;
  proxy = await startFaultProxy(new URL(`nats://127.0.0.1:${String(port)}`));
});

afterEach(async () => {
  await proxy.close();
  for (const socket of sockets.splice(0)) socket.destroy();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  readonly told: () => string;
  /** Resolves when it has been told so much. */
  readonly hears: (text: string) => Promise<void>;
}

function dial(): Client {
  const socket = connect(Number(proxy.url.port), proxy.url.hostname);
  sockets.push(socket);
  let told = '';
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    told += bytes.toString();
  });
  return {
    socket,
    told: () => told,
    hears: async (text) => {
      while (told !== text) await once(socket, 'data');
    },
  };
}

/** Everything that is on its way by now has arrived: a newer connection's bytes have. */
async function laterThan(act: () => Promise<void>): Promise<void> {
  await act();
  await new Promise((resolve) => setTimeout(resolve, 50));
}

test('without a fault every byte passes at once, both ways', async () => {
  const { socket, hears } = dial();
  socket.write('hello');
  await hears('hello');
  expect(proxy.takenCount).toBe(1);
});

test('delayed bytes arrive later, whole', async () => {
  const { socket, hears } = dial();
  proxy.become({ kind: 'delay', ms: 100 });
  const startMs = performance.now();
  socket.write('hello');
  await hears('hello');
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
});

test('a connection that is cut ends, and so does every new one until it is whole again', async () => {
  const { socket, hears } = dial();
  socket.write('hello');
  await hears('hello');
  proxy.become({ kind: 'cut' });
  await once(socket, 'close');
  await once(dial().socket, 'close');
  proxy.become({ kind: 'none' });
  const again = dial();
  again.socket.write('again');
  await again.hears('again');
});

test('half-open: it is taken, says nothing, and stays so; a new one is whole', async () => {
  proxy.become({ kind: 'half-open' });
  const dead = dial();
  await once(dead.socket, 'connect');
  dead.socket.write('lost');
  proxy.become({ kind: 'none' });
  await laterThan(async () => {
    const again = dial();
    again.socket.write('hello');
    await again.hears('hello');
  });
  expect(dead.told()).toBe('');
  expect(dead.socket.destroyed).toBe(false);
  expect(Buffer.concat(heard).toString()).toBe('hello');
});

test.each(['to the server', 'to the client'] as const)(
  'nothing arrives %s, until it is whole again',
  async (lost) => {
    const { socket, told, hears } = dial();
    socket.write('one');
    await hears('one');
    proxy.become({ kind: 'one-way', lost });
    await laterThan(async () => {
      socket.write('two');
      if (lost === 'to the client')
        while (Buffer.concat(heard).toString() !== 'onetwo') await new Promise(setImmediate);
    });
    expect(told()).toBe('one');
    expect(Buffer.concat(heard).toString()).toBe(lost === 'to the client' ? 'onetwo' : 'one');
    proxy.become({ kind: 'none' });
    await hears('onetwo');
  },
);

test('a slow client takes so many bytes a second, and loses none', async () => {
  const { socket, told } = dial();
  proxy.become({ kind: 'slow', bytesPerS: 20_000 });
  const startMs = performance.now();
  socket.write('x'.repeat(6_000));
  while (told().length < 6_000) await once(socket, 'data');
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
});
