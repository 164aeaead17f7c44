// What the sessions of a machine and its desktop say of a person: at the seat, and at terminals.
//
// All instants are of the monotonic clock: nobody sets it, and the time for which the machine slept is
// no time for which somebody was away.
//
// Invariants:
//   S1. Whoever counts input is believed before a hint: a hint is minutes late, or never given. For how
//       long nobody may have touched anything depends on whether there is something to look at.
//   S2. An edge that only a person makes (a key wakes the screen, a login, an opened lid) counts as a
//       sign of one, whatever the levels say.
//   S3. A level that is not said, or from the future, is never "nobody there".
//   S4. Whoever counts input counts that of some sessions: devices that of the seats, a desktop its own.
//       Any other one that is shown, on another machine or by VNC, counts with its own hint.
//   S5. A desktop may have been started from a terminal of the seat, and its terminal then stands still:
//       where nobody counts what is touched there, nobody can tell.

import type { Session } from './session.js';

export interface AwayAfter {
  /** No input for so long, where input is counted. */
  readonly inputMs: number;
  /** The same when the screen is locked, or shows the login. */
  readonly lockedMs: number;
  /** The same when it is dark, or a screen saver is on. */
  readonly darkMs: number;
  /** The same at a terminal. */
  readonly terminalMs: number;
}

export const defaultAwayAfter: AwayAfter = {
  inputMs: 4 * 60_000, // Windows Task Scheduler since 8.
  lockedMs: 20_000, // Ours, from recordings.
  darkMs: 60_000, // Ours.
  terminalMs: 10 * 60_000, // Threads on systemd and Zincati.
};

export type SeatVerdict =
  | { readonly kind: 'engaged' }
  | {
      readonly kind: 'away';
      readonly sinceMs: number;
      readonly locked?: true;
      readonly dark?: true;
    }
  | { readonly kind: 'unknown'; readonly why: string };

export interface SeatSigns {
  readonly sessions: readonly Session[];
  /** Of whoever counts input, `away` from the last touch on; undefined: nobody does. */
  readonly input: SeatVerdict | undefined;
  /** Who counts it. */
  readonly countedBy: ReadonlySet<'devices' | 'desktop'>;
  /** When the screen was locked, went dark, or came to show the login; undefined: it did not. */
  readonly screenOffAtMs: number | undefined;
  /** It was locked, or shows the login, rather than merely dark. */
  readonly locked: boolean;
  /** The last edge that only a person makes, since `watchedFromMs`. */
  readonly lastSignAtMs: number | undefined;
  readonly watchedFromMs: number;
}

export interface Judged {
  readonly verdict: SeatVerdict;
  /** When it is to be judged again although nothing happened. */
  readonly againAtMs: number | undefined;
}

const engaged: Judged = { verdict: { kind: 'engaged' }, againAtMs: undefined };

export function judgeSeat(signs: SeatSigns, awayAfter: AwayAfter, nowMs: number): Judged {
  const level = levelOf(signs);
  if (level.verdict.kind !== 'away') return { verdict: level.verdict, againAtMs: undefined };
  const { sinceMs } = level.verdict;
  const signAtMs = signs.lastSignAtMs;
  if (signAtMs === undefined || signAtMs <= sinceMs) {
    return seatAway(signs, sinceMs, level.waitMs(awayAfter), nowMs);
  }
  return seatAway(signs, signAtMs, waitMs(signs, awayAfter), nowMs); // S2
}

/** What input alone says, where nobody knows of sessions. */
export function judgeInput(input: SeatVerdict, { inputMs }: AwayAfter, nowMs: number): Judged {
  if (input.kind !== 'away') return { verdict: input, againAtMs: undefined };
  return awayFrom(input.sinceMs, inputMs, nowMs);
}

function waitMs(signs: SeatSigns, awayAfter: AwayAfter): number {
  if (signs.locked || shownSessions(signs).length === 0) return awayAfter.lockedMs;
  return signs.screenOffAtMs === undefined ? awayAfter.inputMs : awayAfter.darkMs;
}

function seatAway(signs: SeatSigns, sinceMs: number, wait: number, nowMs: number): Judged {
  const { verdict, againAtMs } = awayFrom(sinceMs, wait, nowMs);
  if (verdict.kind !== 'away') return { verdict, againAtMs };
  if (signs.locked) return { verdict: { ...verdict, locked: true }, againAtMs };
  const isDark = signs.screenOffAtMs !== undefined;
  return { verdict: isDark ? { ...verdict, dark: true } : verdict, againAtMs };
}

export function judgeTerminals(
  signs: Pick<SeatSigns, 'sessions' | 'watchedFromMs'> & {
    /** When the last terminal was closed; undefined: none was. */
    readonly closedAtMs: number | undefined;
  },
  awayAfter: AwayAfter,
  nowMs: number,
): Judged {
  const terminals = signs.sessions.filter(({ kind }) => kind === 'terminal');
  let sinceMs = signs.closedAtMs ?? -Infinity;
  for (const { idleSinceMs } of terminals) {
    if (idleSinceMs === undefined) return engaged; // S3
    sinceMs = Math.max(sinceMs, idleSinceMs);
  }
  if (sinceMs === -Infinity) sinceMs = signs.watchedFromMs;
  const judged = awayFrom(sinceMs, terminals.length === 0 ? 0 : awayAfter.terminalMs, nowMs);
  const isOpaque = signs.sessions.some(({ kind, greeter }) => kind === 'opaque' && !greeter);
  if (judged.verdict.kind !== 'away' || !isOpaque) return judged;
  return { verdict: { kind: 'unknown', why: OPAQUE }, againAtMs: undefined }; // S3
}

interface Level {
  readonly verdict: SeatVerdict;
  /** For how long an absence must last to be believed. */
  readonly waitMs: (awayAfter: AwayAfter) => number;
}

const atOnce = (): number => 0;
const OPAQUE = 'logind does not know whether somebody uses a session that has no terminal for it';
const CONSOLE =
  'somebody is logged in at a terminal of this machine, which may show a desktop, and nobody counts what is touched there; show /dev/input to Lull';

/** What is so at this moment, before edges are counted. */
function levelOf(signs: SeatSigns): Level {
  const level = levelOfDesktops(signs);
  const console = signs.sessions.some(isConsole) && !signs.countedBy.has('devices');
  if (!console) return level;
  return { ...level, verdict: earlier(level.verdict, { kind: 'unknown', why: CONSOLE }) }; // S5
}

function levelOfDesktops(signs: SeatSigns): Level {
  const { input, screenOffAtMs, watchedFromMs, countedBy } = signs;
  const shown = shownSessions(signs);
  const followed = sittingSession(signs);
  if (input !== undefined) {
    const others = shown.filter((session) => {
      if (session === followed && countedBy.has('desktop')) return false;
      return !session.seat || session.remote || !countedBy.has('devices');
    });
    const verdict = earlier(input, hinted(others) ?? input); // S4
    return { verdict, waitMs: (awayAfter) => waitMs(signs, awayAfter) }; // S1
  }
  // Nobody is logged in at the seat, or there is none.
  if (shown.length === 0) {
    return { verdict: { kind: 'away', sinceMs: watchedFromMs }, waitMs: atOnce };
  }
  if (screenOffAtMs !== undefined) {
    const dark: SeatVerdict = { kind: 'away', sinceMs: screenOffAtMs };
    if (signs.locked) return { verdict: dark, waitMs: ({ lockedMs }) => lockedMs };
    // A screen saver hides the desktop that is followed, and no other one.
    const others = hinted(shown.filter((session) => session !== followed)) ?? dark;
    return { verdict: earlier(dark, others), waitMs: ({ darkMs }) => darkMs };
  }
  // The hint comes when the desktop's own waiting is over, so nothing more is waited for here.
  return { verdict: hinted(shown) ?? { kind: 'engaged' }, waitMs: atOnce };
}

/** What the hints of sessions come to; undefined: there are none. */
function hinted(sessions: readonly Session[]): SeatVerdict | undefined {
  if (sessions.length === 0) return undefined;
  let sinceMs = -Infinity;
  for (const { idle, idleSinceMs } of sessions) {
    if (idle === undefined) {
      return { kind: 'unknown', why: 'logind does not say whether the session is idle' };
    }
    if (!idle || idleSinceMs === undefined) return { kind: 'engaged' }; // S3
    sinceMs = Math.max(sinceMs, idleSinceMs);
  }
  return { kind: 'away', sinceMs };
}

/** Of two who may see a person, the one who sees more of one. */
function earlier(a: SeatVerdict, b: SeatVerdict): SeatVerdict {
  if (a.kind === 'away' && b.kind === 'away') return a.sinceMs >= b.sinceMs ? a : b;
  if (a.kind === 'engaged' || b.kind === 'engaged') return { kind: 'engaged' };
  return a.kind === 'unknown' ? a : b;
}

/** Sessions that somebody can look at: the one of each seat that has it now, and remote desktops. */
export function shownSessions({ sessions }: Pick<SeatSigns, 'sessions'>): Session[] {
  return sessions.filter(({ kind, active }) => kind === 'graphical' && active);
}

/** The one whose desktop is asked: of several the first at a seat, else the first. */
export function sittingSession(signs: Pick<SeatSigns, 'sessions'>): Session | undefined {
  const here = shownSessions(signs).filter(({ greeter, remote }) => !greeter && !remote);
  return here.find(({ seat }) => seat) ?? here[0];
}

/** Somebody is logged in at the terminal that the screen shows. */
function isConsole({ kind, greeter, active, remote, login }: Session): boolean {
  return kind === 'terminal' && !greeter && active && !remote && /^tty\d/.test(login.line);
}

function awayFrom(sinceMs: number, waitMs: number, nowMs: number): Judged {
  const dueAtMs = sinceMs + waitMs;
  if (dueAtMs > nowMs) return { ...engaged, againAtMs: dueAtMs }; // S3
  return { verdict: { kind: 'away', sinceMs }, againAtMs: undefined };
}
