// The stream hop: half of a message's way to another process and back, on a Unix socket.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Metadata } from '@grpc/grpc-js';
import { dialUnix } from '../../runtime/grpc.js';
import { pause, within } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { echoDefinition } from './echo.js';

const program = fileURLToPath(new URL('./hop/main.js', import.meta.url));
const START_MS_MAX = 20_000;
const HOP_MS_MAX = 10_000;
/** As large as a message of the sensor with one reading. */
const MESSAGE_BYTES = 64;
const BETWEEN_MS = 2;
const NS_PER_MS = 1e6;

/** @returns a function that measures so many hops, in ms. */
export async function openHop(
  scratch: string,
  opened: CloseStack,
): Promise<(count: number) => Promise<number[]>> {
  const path = join(scratch, 'hop.sock');
  const child = spawn(process.execPath, [program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  opened.add('hop', {
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  });
  await within(once(child.stdout, 'data'), START_MS_MAX, 'the other end of the hop');
  const client = opened.add('hop client', dialUnix(Client, path));
  const { requestSerialize, responseDeserialize } = echoDefinition.echo;
  const stream = client.makeBidiStreamRequest(
    echoDefinition.echo.path,
    requestSerialize,
    responseDeserialize,
    new Metadata(),
    {},
  );
  stream.on('error', () => undefined); // Cancelled at the end.
  opened.add('hop stream', {
    close: () => {
      stream.cancel();
    },
  });
  const message = Buffer.alloc(MESSAGE_BYTES);
  return async (count) => {
    const hops: number[] = [];
    while (hops.length < count) {
      const startNs = process.hrtime.bigint();
      stream.write(message);
      await within(once(stream, 'data'), HOP_MS_MAX, 'a hop');
      hops.push(Number(process.hrtime.bigint() - startNs) / NS_PER_MS / 2);
      await pause(BETWEEN_MS);
    }
    return hops;
  };
}
