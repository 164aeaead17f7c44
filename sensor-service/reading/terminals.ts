// People at terminals: who typed when, and what that says of presence.
//
// Invariants:
//   M1. A session counts while its terminal was read from in the last ACTIVE_MS; an idle one does not.
//   M2. A session whose terminal cannot be seen leaves it unknown who is there, unless its process is
//       gone: then it is a record that nobody took away.
//   M3. Nobody there means away since the last thing that a person did: typed, logged in or out.

import { formatDuration } from '../../conditions/words.js';
import type { Verdict } from './presence.js';
import type { UtmpRecord } from './utmp.js';

/** A session silent for longer is an idle one (Zincati). */
export const ACTIVE_MS = 600_000;

/** A terminal as it is now. */
export type Terminal =
  | { readonly kind: 'read'; readonly atMs: number }
  | { readonly kind: 'gone' }
  | { readonly kind: 'unseen'; readonly why: string };

export interface Terminals {
  readonly verdict: Verdict;
  /** Whether anybody is active; undefined: not known. */
  readonly active: boolean | undefined;
  readonly why: string;
  /** Sessions from elsewhere that are open, active or not. */
  readonly remoteCount: number;
  readonly loginAtMs: number | undefined;
}

/** @param terminalOf looks at the terminal of a session, now. */
export function terminalsOf(
  records: readonly UtmpRecord[],
  terminalOf: (session: UtmpRecord) => Terminal,
  nowMs: number,
  bootAtMs: number,
): Terminals {
  const sessions = records.filter(({ kind, line }) => kind === 'session' && line !== '');
  let lastMs = bootAtMs;
  for (const { kind, atMs } of records) if (kind !== 'boot') lastMs = Math.max(lastMs, atMs); // M3
  let unseen: string | undefined;
  let loginAtMs: number | undefined;
  let remoteCount = 0;
  for (const session of sessions) {
    const terminal = terminalOf(session);
    if (terminal.kind === 'unseen') unseen = terminal.why; // M2
    if (terminal.kind === 'gone') continue;
    loginAtMs = Math.max(loginAtMs ?? 0, session.atMs);
    if (session.isRemote) remoteCount += 1;
    if (terminal.kind === 'read') lastMs = Math.max(lastMs, terminal.atMs);
  }
  const common = { remoteCount, loginAtMs };
  if (isActive(sessions, terminalOf, nowMs)) {
    return { ...common, verdict: { kind: 'engaged' }, active: true, why: '' };
  }
  if (unseen !== undefined) {
    return { ...common, verdict: { kind: 'unknown', why: unseen }, active: undefined, why: unseen };
  }
  // What lies ahead comes from a clock that was set back; somebody may have been there just now.
  const verdict: Verdict = { kind: 'away', sinceMs: Math.min(lastMs, nowMs) };
  const why = `nobody at a terminal for ${formatDuration(ACTIVE_MS)}`;
  return { ...common, verdict, active: false, why };
}

function isActive(
  sessions: readonly UtmpRecord[],
  terminalOf: (session: UtmpRecord) => Terminal,
  nowMs: number,
): boolean {
  return sessions.some((session) => {
    const terminal = terminalOf(session);
    return terminal.kind === 'read' && nowMs - terminal.atMs < ACTIVE_MS; // M1
  });
}
