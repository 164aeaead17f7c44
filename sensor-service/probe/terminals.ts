import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  flagValue,
  machineWide,
  measurement,
  numberValue,
  unknownValue,
} from '../reading/measurement.js';
import type { PresenceSignal } from '../reading/presence.js';
import {
  terminalsOf,
  unnamedTerminal,
  type Terminal,
  type Terminals,
} from '../reading/terminals.js';
import { parseBootAtMs } from '../reading/uptime.js';
import { parseUtmp, type Logins, type UtmpRecord } from '../reading/utmp.js';
import { hasEnded, type Roots } from './machine-processes.js';
import { machineTerminals, type MachineTerminals } from './machine-terminals.js';
import type { Probe } from './probe.js';
import { useOfLeftSession, useOfSession } from './session-processes.js';
import { READ_ONLY, readText, whyNotRead } from './text-file.js';

/** The kernel itself notes that a terminal was read in steps of eight seconds. */
const EVERY_MS = 900;
/** Ten thousand records. */
const UTMP_BYTES_MAX = 4_000_000;
const IF_ABSENT = 'run a login that writes it, or use logind';
/** Of a session in a browser, or of a kind that is not known. */
const OTHER_USE = 'somebody is logged in, and nothing tells whether they are there';

interface TerminalRoots extends Roots {
  readonly sysRoot: string;
  readonly arch?: string;
  /** For how long after its last key a session counts. */
  readonly terminalActiveMs: number;
  /** Where an instant noted earlier lies on the clock as it runs now. */
  readonly onClockNow: (instantMs: number) => number;
  /**
   * For machines on which nobody writes utmp, and for those sessions that utmp does not tell of: while
   * logind is silent nobody is away.
   */
  readonly sessions: () => Logins;
  readonly sense: (signal: PresenceSignal) => void;
}

/** Who is logged in at terminals and from elsewhere, by utmp or logind, and the terminals' times. */
export function terminalsProbe(roots: TerminalRoots): Probe {
  const path = join(roots.root, 'run', 'utmp');
  const remote = machineWide('session.remote');
  const login = machineWide('login.at');
  const times = 'access times of terminals';
  const arch = roots.arch ?? process.arch;

  function written(): readonly UtmpRecord[] | string {
    try {
      // Asked without an error: many machines have none, and to make one costs more than the rest.
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size === undefined) return `${path} does not exist; ${IF_ABSENT}`;
      if (size > UTMP_BYTES_MAX) return `${path} is too large to be believed`;
      const records = parseUtmp(bytesOf(path), arch);
      // A file that holds no record at all, not even of the start, is one that nobody keeps.
      return records.length === 0 ? `${path} is empty; ${IF_ABSENT}` : records;
    } catch (error) {
      return whyNotRead(path, error, IF_ABSENT);
    }
  }

  function bootAt(): number | undefined {
    const stat = readText(join(roots.procRoot, 'stat'), '');
    return stat.kind === 'text' ? parseBootAtMs(stat.text) : undefined;
  }

  function look(
    records: readonly UtmpRecord[] | string,
    known: readonly UtmpRecord[],
    nowMs: number,
  ): Terminals | string {
    if (typeof records === 'string') return records;
    const bootAtMs = records.length === 0 ? undefined : bootAt();
    const onClock = records.map((record) => ({ ...record, atMs: roots.onClockNow(record.atMs) }));
    let machine: MachineTerminals | undefined;
    const terminalOf = (session: UtmpRecord): Terminal => {
      machine ??= machineTerminals(roots);
      const terminal = terminalOfSession(session, machine, roots, nowMs);
      const isKnown = known.some(({ pid, line }) => pid === session.pid || line === session.line);
      return terminal.kind === 'unseen' && !isKnown ? { ...terminal, unjudged: true } : terminal;
    };
    return terminalsOf(onClock, terminalOf, nowMs, bootAtMs ?? nowMs, roots.terminalActiveMs);
  }

  return {
    name: path,
    subjects: [remote, login],
    everyMs: EVERY_MS,
    measure: (at) => {
      const records = written();
      const logins = roots.sessions();
      const [known, silent] =
        logins !== undefined && 'silent' in logins ? [undefined, logins.silent] : [logins];
      const isWritten = typeof records !== 'string' || (known ?? silent) === undefined;
      const by = isWritten ? path : 'logind';
      const provider = `${by}, ${times}`;
      const among = isWritten ? withUnnamed(records, known) : (known ?? silent ?? []);
      const seen = inDoubt(look(among, known ?? [], at.wallMs), silent);
      const why = typeof seen === 'string' ? seen : seen.why;
      const verdict = typeof seen === 'string' ? ({ kind: 'unknown', why } as const) : seen.verdict;
      roots.sense({
        provider: `${path}, ${times}`,
        rank: 'sensed',
        places: ['terminals'],
        verdict,
        onClockNow: true,
      });
      const { active, loginAtMs } =
        typeof seen === 'string' ? { active: undefined, loginAtMs: undefined } : seen;
      const noLogin = typeof seen === 'string' ? seen : 'nobody is logged in';
      return [
        measurement(remote, provider, active === undefined ? unknownValue(why) : flagValue(active)),
        measurement(
          login,
          by,
          loginAtMs === undefined ? unknownValue(noLogin) : numberValue('login.at', loginAtMs),
        ),
      ];
    },
  };
}

/** @throws where it cannot be read. */
function bytesOf(path: string): Buffer {
  const fd = openSync(path, READ_ONLY);
  try {
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whoever is seen is there; that nobody else is would be for logind to say, where it is silent. */
function inDoubt(seen: Terminals | string, silent: string | undefined): Terminals | string {
  const isAway = typeof seen !== 'string' && seen.verdict.kind === 'away';
  return isAway && silent !== undefined ? silent : seen;
}

/** With the sessions that utmp does not tell of: it knows those that have a terminal by their process. */
function withUnnamed(
  records: readonly UtmpRecord[] | string,
  known: readonly UtmpRecord[] = [],
): readonly UtmpRecord[] | string {
  if (typeof records === 'string') return records;
  const told = new Set(records.flatMap(({ kind, pid }) => (kind === 'session' ? [pid] : [])));
  const others = known.filter(({ unnamed, pid }) => unnamed !== undefined && !told.has(pid));
  return [...records, ...others];
}

function terminalOfSession(
  session: UtmpRecord,
  machine: MachineTerminals,
  roots: TerminalRoots,
  nowMs: number,
): Terminal {
  const { line, pid, unnamed, group } = session;
  if (unnamed === 'never') return { kind: 'unseen', why: OTHER_USE };
  // logind does not say that a session closes: its first process has ended by then.
  const isLeft = unnamed === 'left' || (unnamed === 'asked' && hasEnded(pid, roots));
  const left = isLeft && group !== undefined ? useOfLeftSession(group, roots) : undefined;
  if (left?.kind === 'carried') return { kind: 'gone' };
  if (machine.kind === 'unseen') return machine;
  const terminalAt = (at: string): Terminal => {
    const path = join(machine.dev, at);
    try {
      return { kind: 'read', atMs: roots.onClockNow(statSync(path).atimeMs) };
    } catch (error) {
      if (hasEnded(pid, roots)) return { kind: 'gone' };
      const why = whyNotRead(path, error, "show the machine's terminals to Lull");
      return { kind: 'unseen', why };
    }
  };
  if (unnamed === undefined) return terminalAt(line);
  const use = left ?? useOfSession(pid, roots);
  return unnamedTerminal(use, terminalAt, nowMs - session.atMs);
}
