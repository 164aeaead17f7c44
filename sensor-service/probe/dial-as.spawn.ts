// A connection to a message bus, or to an X server, as another user: those of a desktop take in their owner
// alone, not even root. A child gives up root, connects, hands the connected socket over, and ends.
//
//   root ──starts──▶ child: root → the user → connect ──the socket──▶ root, which speaks on it
//
// Invariants:
//   A1. This process stays what it is: its threads, and what else it does meanwhile, are not touched.
//   A2. Nothing that a user owns is opened as root: the socket's path may lead anywhere.
//   A3. A child that does not answer is ended. It belongs to the user by then, who may have stopped it: to
//       end it takes CAP_KILL.

import { fork, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { within } from '../../runtime/deadline.js';

const child = fileURLToPath(new URL('./dial-as.worker.js', import.meta.url));
/** Node.js starts in 50 ms, and in a second or two where everything starts at once: after a login. */
const DIAL_MS_MAX = 10_000;

/** @throws what the child met, with its code: ENOENT, ECONNREFUSED, … */
export async function dialAs(path: string, uid: number, signal?: AbortSignal): Promise<Socket> {
  // A desktop without a bus is asked again and again, and shall not cost a process each time.
  statSync(path);
  const dialler = fork(child, [path, String(uid)], {
    ...{ cwd: '/', env: {}, execArgv: [] },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    return introducedAs(uid, await within(socketFrom(dialler), DIAL_MS_MAX, 'connecting to a bus'));
  } catch (error) {
    dialler.kill('SIGKILL'); // A3
    throw error;
  }
}

function socketFrom(dialler: ChildProcess): Promise<Socket> {
  return new Promise((resolve, reject) => {
    dialler.once('message', (code, socket) => {
      if (socket !== undefined) resolve(socket as Socket);
      else reject(Object.assign(new Error('no connection'), { code }));
    });
    // It may fail more than once: as it is called off, and as it is ended.
    dialler.on('error', reject);
    // It comes after every message, as the end of the process need not.
    dialler.once('disconnect', () => {
      reject(new Error('the child that connects to it has ended'));
    });
  });
}

const GREETING = 'AUTH EXTERNAL ';

/** The library introduces itself as the user of this process; the bus knows who connected. */
function introducedAs(uid: number, socket: Socket): Socket {
  const write = socket.write.bind(socket) as (...args: readonly unknown[]) => boolean;
  const inHex = Buffer.from(String(uid)).toString('hex');
  const corrected = (chunk: unknown, ...more: readonly unknown[]): boolean => {
    if (typeof chunk !== 'string' || !chunk.startsWith(GREETING)) return write(chunk, ...more);
    socket.write = write;
    return write(`${GREETING}${inHex}\r\n`, ...more);
  };
  socket.write = corrected;
  return socket;
}
