import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Feed } from './feed.stream.js';
import { Inflow } from './inflow.stream.js';

let server: Server;
let peer: Socket;
let socket: Socket;
let feed: Feed;

beforeEach(async () => {
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const inflow = new Inflow();
  socket = connect({ host: '127.0.0.1', port, onread: inflow.onread });
  [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
    [Socket],
    unknown,
  ];
  peer.on('error', () => undefined);
  inflow.follow(socket);
  feed = new Feed(socket, inflow);
});

afterEach(async () => {
  feed.destroy();
  await new Promise((resolve) => server.close(resolve));
});

test('what http had asked for when it was left is the first that comes to who is next', async () => {
  peer.write('head');
  const [head] = (await once(feed, 'data')) as [Buffer];
  expect(String(head)).toBe('head');
  // It has been told, and asks for more by itself.
  await new Promise(setImmediate);
  const next = feed.leave();
  peer.write('body');
  while (socket.bytesRead < 8) await new Promise(setImmediate);
  expect(String(await next())).toBe('body');
  peer.write('more');
  expect(String(await next())).toBe('more');
  peer.end();
  expect(await next()).toBeUndefined();
});

test('what http was told stays as it was when more has come', async () => {
  const told: Buffer[] = [];
  feed.on('data', (bytes: Buffer) => told.push(bytes));
  for (const text of ['one', 'two', 'six', 'ten']) {
    peer.write(text);
    await once(feed, 'data');
  }
  expect(told.map(String)).toEqual(['one', 'two', 'six', 'ten']);
});

test('what http says is written, and its end is the end of the connection', async () => {
  feed.write('GET');
  expect(String((await once(peer, 'data'))[0])).toBe('GET');
  peer.resume();
  feed.destroy();
  await once(peer, 'close');
});

test('what the network says ends http, and who has left it hears of it', async () => {
  feed.resume();
  await new Promise(setImmediate);
  const next = feed.leave();
  const failed = expect(next()).rejects.toMatchObject({ code: 'ECONNRESET' });
  const told = once(feed, 'error').catch((error: unknown) => [error]);
  peer.resetAndDestroy();
  await failed;
  expect(await told).toMatchObject([{ code: 'ECONNRESET' }]);
});

test('of a batch http is told a piece in a turn of the loop, and what is left of it is the first that comes to who is next (T10)', async () => {
  const [batch, pieceMax] = [200_000, 4_096];
  let [told, inTurn, most] = [0, 0, 0];
  const took = (bytes: Uint8Array): void => {
    told += bytes.byteLength;
    inTurn += bytes.byteLength;
  };
  feed.on('data', took);
  peer.write(Buffer.from(Array.from({ length: batch }, (_, at) => at % 251)));
  while (told < batch / 2) {
    inTurn = 0;
    await new Promise(setImmediate);
    most = Math.max(most, inTurn);
  }
  expect(most).toBeLessThanOrEqual(2 * pieceMax);
  const next = feed.leave();
  feed.off('data', took);
  const [left] = (await next()) ?? [];
  expect(left).toBe(told % 251);
});
