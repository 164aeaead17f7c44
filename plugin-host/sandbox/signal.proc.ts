// Signals to a process that may have gone, or may not care.

import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

/**
 * The first process of a pid namespace is not ended by a signal that it does not handle, so asking
 * first saves the wait for an answer that never comes.
 * @returns whether the signal was sent to somebody who handles it.
 */
export function signalIfHandled(pid: number, signal: 'SIGTERM'): boolean {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0';
    const bit = BigInt(constants.signals[signal] - 1);
    if (((BigInt(`0x${caught}`) >> bit) & 1n) === 0n) return false;
    process.kill(pid, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return false;
    throw error;
  }
}
