// Which commands keep a small heap: `lull up`, which stays all day, of a machine as of a fleet's orchestrator.
// Others are over in a moment.

import { setFlagsFromString } from 'node:v8';
import type { Worker } from 'node:worker_threads';

/** @param args the words after the program's name. */
export function staysSmall(args: readonly string[]): boolean {
  return args.includes('up');
}

/**
 * The space for what has just been made stays as small as it begins, from now on, and is collected by the
 * thread that made it: waking four others to share a megabyte costs more than it saves.
 */
export function keepHeapSmall(): void {
  const bound = (): void => {
    setFlagsFromString('--semi-space-growth-factor=1');
    setFlagsFromString('--no-parallel-scavenge');
  };
  bound();
  // V8 sets it back for all threads when one begins.
  process.on('worker', (worker: Worker) => worker.once('online', bound));
}
