// A window on an X server of the test's own. Nothing outside tests imports it.

import x11, { type XClient, type XDisplay } from 'x11';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';

const OPEN_MS_MAX = 5_000;
const REMOVE = 0;
const ADD = 1;

export interface XWindow extends Closeable {
  /** Asks the window manager to let it fill the screen, or to let it no more. */
  fill(screen: boolean): void;
  close(): void;
}

export async function openWindow(name: string): Promise<XWindow> {
  const opened = new Promise<XDisplay>((resolve, reject) => {
    x11.createClient({ display: name, disableBigRequests: true }, (error, display) => {
      if (display !== undefined) resolve(display);
      else reject(error ?? new Error('no display'));
    });
  });
  const { client, screen } = await within(opened, OPEN_MS_MAX, 'an X server');
  client.on('error', () => undefined);
  const root = screen[0]?.root ?? 0;
  const state = await atom(client, '_NET_WM_STATE');
  const fullscreen = await atom(client, '_NET_WM_STATE_FULLSCREEN');
  const window = client.AllocID();
  client.CreateWindow(window, root, 10, 10, 200, 100);
  client.MapWindow(window);
  return {
    fill: (on) => {
      client.SendClientMessage(root, window, state, 32, [on ? ADD : REMOVE, fullscreen, 0, 1, 0]);
    },
    close: () => {
      client.DestroyWindow(window);
      client.terminate();
    },
  };
}

function atom(client: XClient, name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    client.InternAtom(false, name, (error, result) => {
      if (result === undefined) reject(error ?? new Error('no atom'));
      else resolve(result);
      return true;
    });
  });
}
