// What fills the screen of a real X session, and what an X server can send that is none.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import * as seat from './buses-under-test.testing.js';
import { listenTo } from './buses-under-test.testing.js';
import { Fullscreen } from './fullscreen.x11.js';
import { startMockBus } from './mock-bus.testing.js';
import { desktopTest, startXSession } from './x-session.testing.js';
import { openWindow } from './x-window.testing.js';

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

const flag = (wanted: boolean) => (value: Value) => value.kind === 'flag' && value.flag === wanted;

desktopTest(
  'a window fills the screen, fills it no more, fills it again and is closed',
  async () => {
    const bus = await startMockBus();
    opened.push(bus);
    const desktop = await startMockBus();
    opened.push(desktop);
    const session = await startXSession(desktop);
    opened.push(session);
    await bus.serve('logind', seat.LOGIN);
    await seat.logIn(bus, 'c1');
    await seat.describe(bus, 'c1', { Type: 'x11', Display: session.display });
    const heard = listenTo(bus, { desktop });
    opened.push(heard);
    const filled = 'attention.fullscreen';
    await heard.untilValue(filled, flag(false));
    expect(heard.source(filled)).toBe(`X server ${session.display}`);
    const window = await openWindow(session.display);
    window.fill(true);
    await heard.untilValue(filled, flag(true));
    window.fill(false);
    await heard.untilValue(filled, flag(false));
    window.fill(true);
    await heard.untilValue(filled, flag(true));
    window.close();
    await heard.untilValue(filled, flag(false));
    await session.close();
    await heard.untilValue(filled, (value) => value.kind === 'unknown');
  },
);

/** An X server of the test's own making. @returns where it is. */
async function serveX(greet: (socket: Socket) => void): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'lull-x-'));
  const path = join(directory, 'X9');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => {
      greet(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  opened.push({
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  });
  return path;
}

/** What is said of a server once it is unknown for a reason of the server's. */
async function whyUnknown(path: string): Promise<string> {
  let told: (why: string) => void = () => undefined;
  const why = new Promise<string>((resolve) => (told = resolve));
  const fullscreen = new Fullscreen({
    clock: systemClock,
    place: () => ({ path, name: ':9', as: undefined }),
    tell: (measurements) => {
      for (const { value } of measurements) {
        if (value.kind === 'unknown' && !value.why.includes('not been asked')) told(value.why);
      }
    },
  });
  opened.push(fullscreen);
  return await within(why, 10_000, 'a reason');
}

const refused = Buffer.from(
  '\x00\x10\x0b\x00\x00\x00\x04\x00Who are you?\x00\x00\x00\x00',
  'latin1',
);
/** A greeting that promises more windows than there are, and less than is read. */
const nonsense = Buffer.alloc(2_000, 0xff);

test.each<[string, (socket: Socket) => void, RegExp]>([
  ['lets nobody in', (socket) => socket.write(refused), /localuser/],
  ['hangs up', (socket) => socket.destroy(), /localuser|EPIPE|ECONNRESET/],
  ['says nothing', () => undefined, /does not answer/],
  ['talks nonsense', (socket) => socket.write(nonsense), /does not answer|no known way/],
  [
    'never stops talking',
    (socket) => {
      const more = (): void => {
        if (!socket.destroyed) socket.write(Buffer.alloc(64 * 1024, 1), () => setImmediate(more));
      };
      more();
    },
    /does not answer|no known way|localuser/,
  ],
])('a server that %s leaves it unknown, and nothing else', async (_what, greet, expected) => {
  expect(await whyUnknown(await serveX(greet))).toMatch(expected);
});

test('a display without a server says so', async () => {
  expect(await whyUnknown('/nonexistent/lull-x/X9')).toMatch(/cannot be reached \(ENOENT\)/);
});
