// Waiting for an updater to serve, as the plugin-host does: the health service answers SERVING.

import { existsSync } from 'node:fs';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { pause } from '../../runtime/deadline.js';

const CHECK = '/grpc.health.v1.Health/Check';
/** HealthCheckResponse { status: SERVING }. */
const SERVING = Buffer.from([0x08, 0x01]);
/** Often, so that what is waited for here is not the look. */
const LOOK_MS = 1;
const READY_MS_MAX = 60_000;
const CALL_MS_MAX = 1_000;

export async function untilServing(socketPath: string): Promise<void> {
  const untilMs = performance.now() + READY_MS_MAX;
  while (!existsSync(socketPath)) await lookAgain(untilMs);
  const client = new Client(`unix:${socketPath}`, credentials.createInsecure());
  try {
    while (!(await serves(client))) await lookAgain(untilMs);
  } finally {
    client.close();
  }
}

function serves(client: Client): Promise<boolean> {
  const bytes = (message: Buffer): Buffer => message;
  const metadata = new Metadata({ waitForReady: true });
  const options = { deadline: Date.now() + CALL_MS_MAX };
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      CHECK,
      bytes,
      bytes,
      Buffer.alloc(0),
      metadata,
      options,
      (error, response) => {
        resolve(error === null && response?.equals(SERVING) === true);
      },
    );
  });
}

async function lookAgain(untilMs: number): Promise<void> {
  if (performance.now() > untilMs) throw new Error('the updater does not serve');
  await pause(LOOK_MS);
}
