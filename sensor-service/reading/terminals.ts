// People at terminals: who typed when, and what that says of presence.
//
// Invariants:
//   M1. A session counts while its terminal was read from a while ago (`activeMs`); one silent for longer is
//       an idle one.
//   M2. A session whose terminal cannot be seen leaves it unknown who is there, unless its process is
//       gone: then it is a record that nobody took away.
//   M3. Nobody there means away since the last thing that a person did: typed, logged in or out.
//   M4. A session that has no terminal is a program's until it has lasted: then it is not known whose.
//       That one began or ended is no sign of a person.

import { formatDuration } from '../../conditions/words.js';
import type { Verdict } from './presence.js';
import type { SessionUse } from './session-processes.js';
import type { UtmpRecord } from './utmp.js';

/** A check by SSH takes a moment. */
const CHECK_MS_MAX = 60_000;

/** A terminal as it is now. */
export type Terminal =
  | { readonly kind: 'read'; readonly atMs: number }
  /** There is none, or nobody at it. */
  | { readonly kind: 'gone' }
  | {
      readonly kind: 'unseen';
      readonly why: string;
      /** Nobody else knows of that session either. */
      readonly unjudged?: true;
    };

export interface Terminals {
  readonly verdict: Verdict;
  /** Whether anybody is active; undefined: not known. */
  readonly active: boolean | undefined;
  readonly why: string;
  /** Sessions from elsewhere that are open, active or not. */
  readonly remoteCount: number;
  readonly loginAtMs: number | undefined;
}

/**
 * @param terminalOf looks at the terminal of a session, now.
 * @param activeMs for how long after its last key a session counts.
 */
export function terminalsOf(
  records: readonly UtmpRecord[],
  terminalOf: (session: UtmpRecord) => Terminal,
  nowMs: number,
  bootAtMs: number,
  activeMs: number,
): Terminals {
  const sessions = records.filter(
    ({ kind, line, unnamed }) => kind === 'session' && (line !== '' || unnamed !== undefined),
  );
  let lastMs = bootAtMs;
  for (const { kind, atMs, unnamed } of records) {
    if (kind !== 'boot' && unnamed === undefined) lastMs = Math.max(lastMs, atMs); // M3, M4
  }
  let unseen: Extract<Terminal, { kind: 'unseen' }> | undefined;
  let loginAtMs: number | undefined;
  let remoteCount = 0;
  let active = false;
  for (const session of sessions) {
    const terminal = terminalOf(session);
    if (terminal.kind === 'unseen' && unseen?.unjudged !== true) unseen = terminal; // M2
    if (terminal.kind === 'gone') continue;
    if (terminal.kind === 'read' && nowMs - terminal.atMs < activeMs) active = true; // M1
    loginAtMs = Math.max(loginAtMs ?? 0, session.atMs);
    if (session.isRemote) remoteCount += 1;
    if (terminal.kind === 'read') lastMs = Math.max(lastMs, terminal.atMs);
  }
  const common = { remoteCount, loginAtMs };
  if (active) {
    return { ...common, verdict: { kind: 'engaged' }, active: true, why: '' };
  }
  if (unseen !== undefined) {
    return {
      ...common,
      verdict: { ...unseen, kind: 'unknown' },
      active: undefined,
      why: unseen.why,
    };
  }
  // What lies ahead comes from a clock that was set back; somebody may have been there just now.
  const verdict: Verdict = { kind: 'away', sinceMs: Math.min(lastMs, nowMs) };
  const why = `nobody at a terminal for ${formatDuration(activeMs)}`;
  return { ...common, verdict, active: false, why };
}

/**
 * What stands for the terminal of a session that logind names none of.
 * @param use what its processes say; undefined: they cannot be seen.
 */
export function unnamedTerminal(
  use: SessionUse | undefined,
  terminalOf: (line: string) => Terminal,
  lastedMs: number,
): Terminal {
  if (use === undefined) return { kind: 'unseen', why: UNSEEN };
  if (use.kind === 'carried') return { kind: 'gone' };
  if (use.kind === 'terminals') {
    const seen = use.lines.map(terminalOf);
    const unseen = seen.find(({ kind }) => kind === 'unseen');
    const times = seen.flatMap((each) => (each.kind === 'read' ? [each.atMs] : []));
    if (times.length === 0) return unseen ?? { kind: 'gone' };
    return { kind: 'read', atMs: Math.max(...times) };
  }
  if (lastedMs < CHECK_MS_MAX) return { kind: 'gone' }; // M4
  const why = `${use.name} runs in a session that has no terminal; whether somebody works in it is not known`;
  return { kind: 'unseen', why };
}

const UNSEEN = 'the processes of a session are not seen, and logind does not name its terminal';
