// A file that takes a host a while to read and costs no disk: it is one hole.

import { existsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Half a second of hashing and more: a kill comes within milliseconds. */
const BYTES = 1024 * 1024 * 1024;

const fileIn = (directory: string): string => join(directory, 'takes-long');

export function makeReadingLong(directory: string): void {
  writeFileSync(fileIn(directory), '');
  truncateSync(fileIn(directory), BYTES);
}

/** Whoever reads it is at its end. */
export function makeReadingShort(directory: string): void {
  if (existsSync(fileIn(directory))) truncateSync(fileIn(directory), 0);
}
