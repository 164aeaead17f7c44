// Whom a connection to NATS goes to.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createLog } from './log.js';
import { natsServerProgram, startNatsServer } from './nats-server.testing.js';
import { connectNats } from './nats.js';

const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const testHere = natsServerProgram === undefined ? test.skip : test;

testHere(`of several servers one that is there is enough to begin with${missing}`, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lull-n-'));
  const server = await startNatsServer({ directory });
  const nobody = new URL('nats://lull:lull@127.0.0.1:1');
  const alsoAt = [server.url.host];
  const nats = await connectNats({ url: nobody, alsoAt, name: 'x', log: createLog('t', 'silent') });
  expect(nats.connection.getServer()).toBe(server.url.host);
  await nats.close();
  await server.close();
  rmSync(directory, { recursive: true });
});
