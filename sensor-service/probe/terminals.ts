import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { flagValue, machineWide, numberValue, unknownValue } from '../reading/measurement.js';
import type { PresenceSignal } from '../reading/presence.js';
import { terminalsOf, type Terminal, type Terminals } from '../reading/terminals.js';
import { parseBootAtMs } from '../reading/uptime.js';
import { parseUtmp, type UtmpRecord } from '../reading/utmp.js';
import type { Probe } from './probe.js';
import { readText, whyNotRead } from './text-file.js';

/** The kernel itself notes that a terminal was read in steps of eight seconds. */
const EVERY_MS = 900;
/** Ten thousand records. */
const UTMP_BYTES_MAX = 4_000_000;
const IF_ABSENT = 'run a login that writes it, or use logind';

interface TerminalRoots {
  /** The directory in which run/ and dev/ lie. */
  readonly root: string;
  readonly procRoot: string;
  readonly arch?: string;
  /** Where an instant noted earlier lies on the clock as it runs now. */
  readonly onClockNow: (instantMs: number) => number;
  /** The sessions that logind knows, for machines on which nobody writes utmp; undefined: none knows. */
  readonly sessions: () => readonly UtmpRecord[] | undefined;
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
      const records = parseUtmp(readFileSync(path), arch);
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

  function look(records: readonly UtmpRecord[] | string, nowMs: number): Terminals | string {
    if (typeof records === 'string') return records;
    const bootAtMs = records.length === 0 ? undefined : bootAt();
    const onClock = records.map((record) => ({ ...record, atMs: roots.onClockNow(record.atMs) }));
    return terminalsOf(onClock, (session) => terminalAt(session, roots), nowMs, bootAtMs ?? nowMs);
  }

  return {
    name: path,
    subjects: [remote, login],
    everyMs: EVERY_MS,
    measure: (at) => {
      const records = written();
      const known = typeof records === 'string' ? roots.sessions() : undefined;
      const by = known === undefined ? path : 'logind';
      const provider = `${by}, ${times}`;
      const seen = look(known ?? records, at.wallMs);
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
        {
          ...remote,
          source: provider,
          value: active === undefined ? unknownValue(why) : flagValue(active),
        },
        {
          ...login,
          source: by,
          value:
            loginAtMs === undefined ? unknownValue(noLogin) : numberValue('login.at', loginAtMs),
        },
      ];
    },
  };
}

function terminalAt({ line, pid }: UtmpRecord, roots: TerminalRoots): Terminal {
  const path = join(roots.root, 'dev', line);
  try {
    return { kind: 'read', atMs: roots.onClockNow(statSync(path).atimeMs) };
  } catch (error) {
    if (isGone(pid, roots.procRoot)) return { kind: 'gone' };
    return { kind: 'unseen', why: whyNotRead(path, error, "show the machine's terminals to Lull") };
  }
}

function isGone(pid: number, procRoot: string): boolean {
  return statSync(join(procRoot, String(pid)), { throwIfNoEntry: false }) === undefined;
}
