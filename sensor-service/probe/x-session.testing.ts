// A real desktop without a screen: an X server that draws to memory, and the window manager that counts
// its input. Keys are pressed by the X server itself. Nothing outside tests imports it.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { test } from '@jest/globals';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { busTest, type MockBus } from './mock-bus.testing.js';

const START_MS_MAX = 15_000;
const ASK_MS_MAX = 5_000;
const STOP_MS_MAX = 5_000;
const TEST_MS_MAX = 60_000;
const programs = ['Xvfb', 'mutter', 'xdotool'];

const missing = programs.filter((name) => !isInstalled(name));
const run = promisify(execFile);

/** A test that needs a desktop, and a bus with mocked services. */
export function desktopTest(situation: string, body: () => Promise<void>): void {
  if (missing.length === 0) busTest(situation, body, TEST_MS_MAX);
  else test.skip(`${situation} (skipped here: needs ${missing.join(', ')})`, body);
}

export interface XSession extends Closeable {
  /** ":7" */
  readonly display: string;
  /** Presses a key and lets it go. */
  press(key: string): Promise<void>;
  close(): Promise<void>;
}

/** @param desktop the bus on which the window manager offers its interfaces, when this is done. */
export async function startXSession(desktop: MockBus): Promise<XSession> {
  const home = mkdtempSync(join(tmpdir(), 'lull-x-'));
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '640x480x24'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const children: ChildProcess[] = [server];
  const close = async (): Promise<void> => {
    for (let child = children.pop(); child !== undefined; child = children.pop()) await end(child);
    rmSync(home, { recursive: true, force: true });
  };
  try {
    const told = once(server.stdio[3] as Readable, 'data') as Promise<[Buffer]>;
    const [number] = await within(told, START_MS_MAX, 'the X server');
    const env = {
      ...{ PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, LANG: 'C.UTF-8' },
      DISPLAY: `:${number.toString().trim()}`,
      DBUS_SESSION_BUS_ADDRESS: desktop.address,
      // Nothing of this machine's own: no bus, no settings.
      ...{ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/nonexistent', GSETTINGS_BACKEND: 'memory' },
    };
    const mutter = spawn('mutter', ['--x11', '--sm-disable'], { env, stdio: 'ignore' });
    children.push(mutter);
    for (const name of ['IdleMonitor', 'ScreenCast']) {
      await desktop.untilOwned(`org.gnome.Mutter.${name}`, () => mutter.exitCode !== null);
    }
    return {
      display: env.DISPLAY,
      press: async (key) => {
        await run('xdotool', ['key', key], { env, timeout: ASK_MS_MAX });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isInstalled(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asked first: an X server that is killed leaves the lock of its display. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(late);
}
