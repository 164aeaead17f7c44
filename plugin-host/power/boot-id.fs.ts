// What tells one start of the machine from the next. The kernel names each of them at random.

import { readFileSync } from 'node:fs';
import type { Log } from '../../runtime/log.js';

const PATH = '/proc/sys/kernel/random/boot_id';
const NAME = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n$/;

/** @returns the name of this start; empty where the kernel does not say, and the log says why. */
export function readBootId(log: Log, path = PATH): string {
  try {
    const text = readFileSync(path, 'latin1');
    if (NAME.test(text)) return text.trimEnd();
    log.warn({ path }, 'what names the start of this machine is no name');
  } catch (error) {
    log.warn(
      { err: error },
      'nothing names the start of this machine: its restarts are told by its clock',
    );
  }
  return '';
}
