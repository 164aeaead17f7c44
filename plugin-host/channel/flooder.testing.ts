// Somebody who floods the host, in a thread of its own: what it holds itself is none of the host's memory.

import { connect as connectHttp2, constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { within } from '../../runtime/deadline.js';

interface Order {
  readonly socketPath: string;
  readonly method: string;
  readonly flood: 'resets' | 'calls without a request' | 'calls whose request never ends';
}

const FLOOD_MS_MAX = 200_000;
/** A message of so many bytes is announced, and all but one of them are sent. */
const HALF_BYTES = 80 * 1024;
/** Calls that are not let in keep what they have to say. */
const SENT_MS_MAX = 3_000;

/** Resolves when all is sent; its connections stay open until it is ended. */
export async function startFlood(order: Order): Promise<{ end: () => Promise<unknown> }> {
  const worker = new Worker(new URL(import.meta.url), { workerData: { order } });
  const sent = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  await within(sent, FLOOD_MS_MAX, 'a flood');
  return { end: () => worker.terminate() };
}

const { order } = (workerData ?? {}) as { order?: Order };
if (order !== undefined) {
  if (order.flood === 'resets') await reset(order);
  else await callWithoutEnd(order);
  parentPort?.postMessage('sent');
}

async function reset(told: Order): Promise<void> {
  const session = open(told);
  for (let each = 0; each < 20_000 && !session.destroyed; each += 1) {
    call(session, told).close(constants.NGHTTP2_CANCEL);
    if (each % 500 === 0) await sleep(1);
  }
}

async function callWithoutEnd(told: Order): Promise<void> {
  const half = Buffer.alloc(5 + HALF_BYTES - 1);
  half.writeUInt32BE(HALF_BYTES, 1);
  const sent: Promise<unknown>[] = [];
  for (let each = 0; each < 20; each += 1) {
    const session = open(told);
    for (let count = 0; count < 200; count += 1) {
      const stream = call(session, told);
      if (told.flood !== 'calls whose request never ends') continue;
      sent.push(new Promise((done) => stream.once('close', done).write(half, done)));
    }
  }
  await Promise.race([Promise.all(sent), sleep(SENT_MS_MAX)]);
  await sleep(200);
}

function open({ socketPath }: Order): ClientHttp2Session {
  const session = connectHttp2('http://localhost', {
    createConnection: () => connect(socketPath),
  });
  session.on('error', () => undefined);
  return session;
}

function call(session: ClientHttp2Session, { method }: Order) {
  const stream = session.request({
    ':method': 'POST',
    ':path': method,
    'content-type': 'application/grpc',
    te: 'trailers',
    'lull-token': 't',
  });
  stream.on('error', () => undefined);
  return stream;
}
