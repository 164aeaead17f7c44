// What the end of a tool means: pure mapping of how it ended to the reasons of the contract.
//
// Codes are those of sysexits(3), which no shell and few programs end with by chance. Whatever else a tool
// ends with says that this action failed, and nothing more.

import { fail, type UpdaterFailure } from '../../sdk/failure.js';
import type { ToolAction } from './offers.js';

/** How a process ended: one of both. */
export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
}

export type Verdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'failed'; readonly failure: UpdaterFailure };

const DONE = 0;
/** EX_NOINPUT. */
const GONE = 66;

/** Exit code → reason; what Lull does then stands in docs/vendors.md. */
const reasons: ReadonlyMap<number, string> = new Map([
  [65, 'DIGEST_MISMATCH'], // EX_DATAERR
  [69, 'UPSTREAM_DOWN'], // EX_UNAVAILABLE
  [73, 'NO_SPACE'], // EX_CANTCREAT
  [75, 'LOCK_HELD'], // EX_TEMPFAIL
  [77, 'GRANT_MISSING'], // EX_NOPERM
]);

/** @param lastLine what it said last on stderr; '' where it said nothing. */
export function verdictOf(
  exit: Exit,
  what: ToolAction | 'scan' | 'offers',
  lastLine: string,
): Verdict {
  if (exit.code === DONE) return { kind: 'done' };
  if (exit.code === GONE && what !== 'scan' && what !== 'offers') return { kind: 'gone' };
  const message = `${what}: ${wordsOf(exit, lastLine)}`;
  const known = exit.code === null ? undefined : reasons.get(exit.code);
  if (known !== undefined) return { kind: 'failed', failure: fail(known, message) };
  // Nobody knows that it will be so again; attempts are counted.
  return { kind: 'failed', failure: fail(reasonOf(what), message, { retry: what !== 'offers' }) };
}

function reasonOf(what: ToolAction | 'scan' | 'offers'): string {
  switch (what) {
    case 'install':
    case 'rollback':
      return 'APPLY_FAILED';
    case 'verify':
      return 'VERIFY_FAILED';
    case 'offers':
      return 'TOOL_UNFIT';
    case 'download':
    case 'scan':
      return 'TOOL_FAILED';
  }
}

function wordsOf({ code, signal }: Exit, lastLine: string): string {
  const how = signal === null ? `exit code ${String(code)}` : `ended by ${signal}`;
  const memory = signal === 'SIGKILL' ? ', as what takes more than limits.memory_mb is' : '';
  return lastLine === ''
    ? `the tool said nothing on stderr (${how}${memory})`
    : `${lastLine} (${how}${memory})`;
}
