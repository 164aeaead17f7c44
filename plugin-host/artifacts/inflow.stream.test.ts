import { afterEach, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { Inflow } from './inflow.stream.js';

const BATCH_BYTES_MAX = 256 * 1024;
const TURN_BYTES_MAX = 4 * BATCH_BYTES_MAX;

let server: Server | undefined;
let socket: Socket | undefined;

afterEach(close);

async function close(): Promise<void> {
  socket?.destroy();
  await new Promise((resolve) => server?.close(resolve));
}

/** What comes from a server that does `serve` with each connection. */
async function inflowOf(
  serve: (peer: Socket) => void,
  isPlain = true,
  before = (): Promise<void> => Promise.resolve(),
): Promise<Inflow> {
  server = createServer((peer) => {
    peer.on('error', () => undefined);
    serve(peer);
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const inflow = new Inflow();
  const reading = isPlain ? { onread: inflow.onread } : {};
  socket = connect({ host: '127.0.0.1', port, ...reading });
  await once(socket, 'connect');
  await before();
  inflow.follow(socket);
  return inflow;
}

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => {
      if (left === 0) resolve();
      else setImmediate(next, left - 1);
    };
    next(count);
  });
}

/** Asks for all of it, and looks at each batch again after so many turns of the loop. */
async function readAll(inflow: Inflow, waits: readonly number[]): Promise<Buffer> {
  const all: Buffer[] = [];
  for (let at = 0; ; at += 1) {
    const batch = await inflow.next();
    if (batch === undefined) return Buffer.concat(all);
    const copy = Buffer.from(batch);
    await turns(waits[at % waits.length] ?? 0);
    expect(copy.equals(batch)).toBe(true);
    all.push(copy);
  }
}

test.each([
  ['into the same buffers', true],
  ['as the socket gives it', false],
])('a batch is of use until the next one is asked for, read %s', async (_how, isPlain) => {
  const pieces = fc.array(fc.integer({ min: 1, max: 700_000 }), { minLength: 1, maxLength: 6 });
  const waits = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(pieces, waits, async (sizes, each) => {
      const sent = sizes.map((size) => randomBytes(size));
      const inflow = await inflowOf((peer) => {
        for (const piece of sent) peer.write(piece);
        peer.end();
      }, isPlain);
      expect((await readAll(inflow, each)).equals(Buffer.concat(sent))).toBe(true);
      await close();
    }),
    { numRuns: 25 },
  );
});

test.each([true, false])('while nobody asks one batch is read (onread: %s)', async (isPlain) => {
  const inflow = await inflowOf((peer) => peer.write(Buffer.alloc(8 * TURN_BYTES_MAX)), isPlain);
  await turns(50);
  expect(socket?.bytesRead).toBeLessThanOrEqual(BATCH_BYTES_MAX);
  await inflow.next();
  await turns(50);
  expect(socket?.bytesRead).toBeLessThanOrEqual(2 * BATCH_BYTES_MAX);
});

test('who has something to do beside a fast download has a turn in between', async () => {
  const bytes = 16 * TURN_BYTES_MAX;
  const inflow = await inflowOf((peer) => peer.end(Buffer.alloc(bytes)));
  // All of it is there to be read at once.
  let most = 0;
  let before = 0;
  let isOver = false;
  const look = (): void => {
    const now = socket?.bytesRead ?? 0;
    most = Math.max(most, now - before);
    before = now;
    if (!isOver) setImmediate(look);
  };
  look();
  while ((await inflow.next()) !== undefined);
  isOver = true;
  expect(socket?.bytesRead).toBe(bytes);
  expect(most).toBeLessThanOrEqual(2 * TURN_BYTES_MAX);
});

test('what comes before it is followed is kept, and no more than that is read', async () => {
  const sent = randomBytes(3 * BATCH_BYTES_MAX);
  const inflow = await inflowOf(
    (peer) => peer.end(sent),
    true,
    async () => {
      while (socket?.bytesRead === 0) await turns(1);
    },
  );
  await turns(20);
  expect((await readAll(inflow, [1])).equals(sent)).toBe(true);
});

test('what came before the end is told before it, and the end as often as asked', async () => {
  const inflow = await inflowOf((peer) => peer.end('last words'));
  await turns(20);
  expect(String(await inflow.next())).toBe('last words');
  expect(await inflow.next()).toBeUndefined();
  expect(await inflow.next()).toBeUndefined();
});

test('what the network says is told to who waits, and to who asks later', async () => {
  const inflow = await inflowOf((peer) => peer.once('data', () => peer.resetAndDestroy()));
  socket?.write('x');
  await expect(inflow.next()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(inflow.next()).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('a connection that is let go of has nothing more to bring', async () => {
  const inflow = await inflowOf(() => undefined);
  const next = inflow.next();
  socket?.destroy();
  expect(await next).toBeUndefined();
});
