// One connection to the X server of somebody's desktop: a few properties of windows, and their changes.
//
// The library parses what that server sends, and the server is a program of the user's. Invariants:
//   X1. What a server sends can end this connection, never the process: bytes are handed to the library
//       here, and what it throws is caught here.
//   X2. A connection takes BYTES_MAX in BYTES_SPAN_MS at most, and each answer ANSWER_MS_MAX.
//   X3. Nothing is opened as root that a user owns (`dialAs`), and no cookie is read: the server has to
//       take in its user by name, as desktops have it.

import { EventEmitter, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { XClient, XDisplay, XEvent, XProperty } from 'x11';
import type { Clock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { WORDS_MAX } from '../reading/window-state.js';
import { dialAs } from './dial-as.spawn.js';

const ANSWER_MS_MAX = 2_000;
/** The greeting has some kilobytes, an event 32 bytes; windows that change all day do it ten times a second. */
const BYTES_MAX = 1024 * 1024;
const BYTES_SPAN_MS = 60_000;
const ANY_TYPE = 0;

export interface DisplayPlace {
  /** Of its socket. */
  readonly path: string;
  /** ":0" */
  readonly name: string;
  /** The user as whom to connect; undefined: as whoever this process is. */
  readonly as: number | undefined;
}

interface DisplayDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly happened: (event: XEvent) => void;
  readonly lost: () => void;
}

export class Display implements Closeable {
  readonly root: number;
  private readonly client: XClient;

  private constructor(
    { client, screen }: XDisplay,
    private readonly socket: Socket,
    { happened }: DisplayDeps,
  ) {
    this.client = client;
    this.root = screen[0]?.root ?? 0;
    client.on('event', happened);
    // Of requests that nobody waits for: a window that is gone.
    client.on('error', () => undefined);
  }

  /** @throws why the server does not take us in. */
  static async open(place: DisplayPlace, deps: DisplayDeps): Promise<Display> {
    const { path, as, name } = place;
    const socket = as === undefined ? await dialled(path) : await dialAs(path, as, deps.signal);
    try {
      // Its code is for desktops that have an X server alone.
      const { default: x11 } = await import('x11');
      const stream = guarded(socket, deps);
      const greeted = new Promise<XDisplay>((resolve, reject) => {
        x11.createClient({ display: name, stream, disableBigRequests: true }, (error, display) => {
          if (display !== undefined) resolve(display);
          else reject(error ?? new Error('the X server says nothing'));
        });
      });
      return new Display(await within(greeted, ANSWER_MS_MAX, 'the X server'), socket, deps);
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  async atom(name: string): Promise<number> {
    return await this.answer((answered) => {
      this.client.InternAtom(false, name, answered);
    });
  }

  /** Hears of the events of a window from now on; one that is gone has none. */
  listen(window: number, eventMask: number): void {
    this.client.ChangeWindowAttributes(window, { eventMask }, () => true);
  }

  async property(window: number, property: number): Promise<XProperty> {
    return await this.answer((answered) => {
      this.client.GetProperty(0, window, property, ANY_TYPE, 0, WORDS_MAX, answered);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private async answer<Result>(
    ask: (answered: (error: unknown, result?: Result) => boolean) => void,
  ): Promise<Result> {
    const answered = new Promise<Result>((resolve, reject) => {
      ask((error, result) => {
        if (result !== undefined) resolve(result);
        else reject(error instanceof Error ? error : new Error('the X server has no answer'));
        return true;
      });
    });
    return await within(answered, ANSWER_MS_MAX, 'the X server'); // X2
  }
}

async function dialled(path: string): Promise<Socket> {
  const socket = connect(path);
  await within(once(socket, 'connect'), ANSWER_MS_MAX, 'connecting to the X server');
  return socket;
}

/** The socket as the library is given it. */
function guarded(socket: Socket, { clock, lost }: DisplayDeps): EventEmitter {
  let bytes = 0;
  let sinceMs = clock.now().monotonicMs;
  const stream = Object.assign(new EventEmitter(), {
    destroyed: false,
    writableEnded: false,
    write: (data: Buffer, ...more: readonly never[]) => socket.write(data, ...more),
    end: () => socket.end(),
  });
  socket.on('data', (data) => {
    const { monotonicMs } = clock.now();
    if (monotonicMs - sinceMs >= BYTES_SPAN_MS) [bytes, sinceMs] = [0, monotonicMs];
    bytes += data.length;
    try {
      if (bytes > BYTES_MAX) throw new Error('the X server says too much'); // X2
      stream.emit('data', data);
    } catch {
      socket.destroy(); // X1
    }
  });
  socket.on('drain', () => stream.emit('drain'));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    stream.destroyed = true;
    stream.emit('close');
    lost();
  });
  return stream;
}
