// Which X server is a user's, where the login manager does not say: those that start one inside of the
// session learn its number too late. Its socket is owned by whoever runs it.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where X servers have their sockets, in any distribution. */
export const X_SOCKETS = '/tmp/.X11-unix';
const SOCKETS_MAX = 256;

/** @returns the lowest number of those that `uid` owns. */
export function ownDisplay(uid: number, directory = X_SOCKETS): number | undefined {
  const numbers = namesIn(directory)
    .flatMap((name) => /^X(\d{1,5})$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  return numbers.slice(0, SOCKETS_MAX).find((number) => {
    const file = statSync(join(directory, `X${String(number)}`), { throwIfNoEntry: false });
    return file?.isSocket() === true && file.uid === uid;
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
