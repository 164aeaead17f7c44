import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ownDisplay } from './x-sockets.js';

let directory: string;
const servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-x-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

async function listen(name: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(join(directory, name), resolve));
}

const me = process.getuid?.() ?? 0;

test('the first of the sockets that are theirs, by number', async () => {
  await listen('X10');
  await listen('X2');
  expect(ownDisplay(me, directory)).toBe(2);
  expect(ownDisplay(me + 1, directory)).toBeUndefined();
});

test('a file is no X server, and neither is what has another name', async () => {
  writeFileSync(join(directory, 'X1'), '');
  await listen('X3_');
  await listen('Xvfb');
  expect(ownDisplay(me, directory)).toBeUndefined();
});

test('a machine without any', () => {
  expect(ownDisplay(me, join(directory, 'none'))).toBeUndefined();
});
