// What buses and services say of errors, fit to be shown: it is a stranger's text.

import { displayText } from '../../conditions/words.js';

/** A sentence. */
const WHY_CHARS_MAX = 200;

export function saidBy(error: Error): string {
  return displayText(error.message, WHY_CHARS_MAX);
}

/** Why a bus cannot be spoken to. */
export function whyNotReached(error: unknown): string {
  const code = (error as { code?: string } | undefined)?.code;
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return 'no bus listens there';
    case 'EACCES':
      return 'not permitted to this user';
    case 'ETIMEDOUT':
      return 'it does not answer';
    case undefined:
      // A bus that does not want this user closes the connection in the middle of the greeting.
      return error instanceof Error ? saidBy(error) : 'it ended the connection';
    default:
      return displayText(code, WHY_CHARS_MAX);
  }
}
