// How a command fails: one line, and an exit code.

import { reasonOf } from '../runtime/grpc.js';

/** Something that the caller can mend; its message is the whole answer. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** One line for people: what happened, why, and what to do. */
export function lineOf(error: unknown, runDir: string): string {
  const { code, details, message } = error as Partial<{
    code: unknown;
    details: string;
    message: string;
  }>;
  const UNAVAILABLE = 14;
  if (code === UNAVAILABLE && reasonOf(error) === undefined) {
    return `no Lull answers in ${runDir}. Start it with "lull up", or name its directory with --run.`;
  }
  const reason = reasonOf(error);
  const text = details ?? message ?? String(error);
  return reason === undefined ? text : `${text} (${reason})`;
}
