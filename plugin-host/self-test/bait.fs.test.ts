import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { layBait, type Bait } from './bait.fs.js';

let dir: string;
let bait: Bait;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'lull-bait-'));
  bait = await layBait(join(dir, 'canary'), process.getuid?.() ?? 0);
});

afterEach(async () => {
  await bait.close();
  rmSync(dir, { recursive: true });
});

/** Comes to the port, says this, and waits until the host ends it. */
async function visit(words: string): Promise<void> {
  const socket = connect({ port: bait.port, host: '127.0.0.1' });
  await once(socket, 'connect');
  socket.end(words);
  socket.resume();
  await once(socket, 'close');
}

test('somebody on the machine who looks for another server there is not taken for the canary', async () => {
  await visit('');
  await visit('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n, and more than that');
  expect(bait.visited()).toBe(false);
});

test('the canary is known by its word', async () => {
  await visit(bait.word);
  expect(bait.visited()).toBe(true);
});
