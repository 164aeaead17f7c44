// What makes a child end with this process, also where that is killed: it is killed as well.
//
// It is asked of the kernel by setpriv of util-linux. Not every setpriv can (BusyBox), so that it is tried.
// A child that changes its user id, or starts a child of its own, does not hand it on.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const TRY_MS_MAX = 10_000;
const places = ['/usr/bin/setpriv', '/bin/setpriv'];

let tried: Promise<readonly string[]> | undefined;

/** @returns what is put before a command; nothing where it cannot be had. */
export function dyingWithUs(): Promise<readonly string[]> {
  return (tried ??= tryNow());
}

async function tryNow(): Promise<readonly string[]> {
  const setpriv = places.find((path) => existsSync(path));
  if (setpriv === undefined) return [];
  const how = ['--pdeathsig', 'KILL', '--'];
  // Through it the program itself is asked for something short.
  return promisify(execFile)(setpriv, [...how, setpriv, '--version'], {
    timeout: TRY_MS_MAX,
    cwd: '/',
  }).then(
    () => [setpriv, ...how],
    () => [],
  );
}
