// The limit: a program that reads the same files as often, and does nothing with them.

import { closeSync, openSync, readSync } from 'node:fs';

const [everyMs = '100'] = process.argv.slice(2);
const often = ['stat', 'diskstats', 'uptime'];
const seldom = ['pressure/cpu', 'pressure/io', 'pressure/memory', 'meminfo', 'net/dev', 'locks'];
/** The rest is asked for less often by Lull as well. */
const SELDOM_EVERY = 5;
const buffer = Buffer.alloc(256 * 1_024);
let round = 0;

function read(name: string): void {
  let fd: number | undefined;
  try {
    fd = openSync(`/proc/${name}`, 'r');
    while (readSync(fd, buffer, 0, buffer.length, null) > 0);
  } catch {
    // A kernel without this file is one that Lull runs on, too.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

setInterval(() => {
  for (const name of round % SELDOM_EVERY === 0 ? [...often, ...seldom] : often) read(name);
  round += 1;
}, Number(everyMs));
process.stdout.write('up\n');
