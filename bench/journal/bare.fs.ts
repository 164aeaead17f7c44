// A file that is appended to and synced, and nothing else: the limit of what a disk can do.

import { close, fdatasync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import type { BenchOptions } from '../benchmark.js';

const [append, sync, shut] = [promisify(write), promisify(fdatasync), promisify(close)];

export function openBareFile(
  path: string,
  opened: BenchOptions['opened'],
): (bytes: Buffer) => Promise<void> {
  const fd = openSync(path, 'a');
  opened.add('bare file', { close: () => shut(fd) });
  return async (bytes) => {
    await append(fd, bytes);
    await sync(fd);
  };
}
