// Opening the updater's socket. It lies in a directory that the updater can write, so whatever is
// at its path was put there by somebody hostile (T5).

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import { UpdaterError } from './dial-error.js';

const UPDATER_SOCKET = 'updater.sock';
const POLL_STEP_MS = 5;
/** Node has no name for it. It opens the place, not what is there: no link is followed on the way. */
const O_PATH = 0o10_000_000;

export interface PinnedSocket {
  /** A path that leads to this very socket, whatever is put in its place meanwhile. */
  readonly path: string;
  close(): void;
}

/**
 * Waits for the socket and pins it.
 * @returns undefined when `signal` was aborted before it was there.
 * @throws UpdaterError CONTRACT_BROKEN when it is a link, no socket, or somebody else's.
 */
export async function waitForSocket(
  channelDir: string,
  uid: number,
  signal: AbortSignal,
): Promise<PinnedSocket | undefined> {
  const path = join(channelDir, UPDATER_SOCKET);
  while (!signal.aborted) {
    const socket = pinSocket(path, uid);
    if (socket !== undefined) return socket;
    await pause(POLL_STEP_MS, signal);
  }
  return undefined;
}

function pinSocket(path: string, uid: number): PinnedSocket | undefined {
  const fd = openPlace(path);
  if (fd === undefined) return undefined;
  const found = fstatSync(fd);
  if (!found.isSocket() || found.uid !== uid) {
    closeSync(fd);
    const what = found.isSymbolicLink() ? 'a link' : found.isSocket() ? 'not its own' : 'no socket';
    throw new UpdaterError('CONTRACT_BROKEN', `what the updater put at LULL_SOCKET is ${what}`);
  }
  let open = true;
  return {
    path: `/proc/self/fd/${String(fd)}`,
    close: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

function openPlace(path: string): number | undefined {
  try {
    return openSync(path, O_PATH | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
