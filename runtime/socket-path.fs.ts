// The path of a Unix socket, made free for whoever serves there.
//
// Invariants:
//   G1. A socket path longer than PATH_BYTES_MAX is refused: Node cuts it silently.
//   G2. A socket file is unlinked only after a connect to it was refused, so that a live server is
//       never robbed of its socket and a dead one never blocks the next start.

import { lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';

/** sun_path holds 108 bytes with its NUL; some left for what a caller appends. */
const PATH_BYTES_MAX = 100;
/** How long a live server may take to accept when we ask whether a socket is in use. */
const PROBE_MS_MAX = 1_000;

export class SocketInUseError extends Error {
  readonly code = 'SOCKET_IN_USE';

  constructor(path: string) {
    super(
      `${path} is in use by a running Lull. Stop that one first, or choose another directory with --run.`,
    );
    this.name = 'SocketInUseError';
  }
}

/** Makes `path` free to bind: refuses long paths (G1) and live servers, removes dead ones (G2). */
export async function freeSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw new Error(
      `socket path ${path} is longer than ${String(PATH_BYTES_MAX)} bytes. Choose a shorter --run directory.`,
    );
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket. Remove it.`);
  if (await answers(path)) throw new SocketInUseError(path);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (live: boolean): void => {
      socket.destroy();
      resolve(live);
    };
    socket.setTimeout(PROBE_MS_MAX, () => {
      settle(true);
    });
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}
