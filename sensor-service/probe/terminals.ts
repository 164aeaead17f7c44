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
  readonly sense: (signal: PresenceSignal) => void;
}

/** Who is logged in at terminals and from elsewhere, by utmp and the times of the terminals. */
export function terminalsProbe(roots: TerminalRoots): Probe {
  const path = join(roots.root, 'run', 'utmp');
  const remote = machineWide('session.remote');
  const login = machineWide('login.at');
  const provider = `${path}, access times of terminals`;
  const arch = roots.arch ?? process.arch;

  function look(nowMs: number): Terminals | string {
    let records: UtmpRecord[];
    try {
      if (statSync(path).size > UTMP_BYTES_MAX) return `${path} is too large to be believed`;
      records = parseUtmp(readFileSync(path), arch);
    } catch (error) {
      return whyNotRead(path, error, IF_ABSENT);
    }
    // A file that holds no record at all, not even of the start, is one that nobody keeps.
    if (records.length === 0) return `${path} is empty; ${IF_ABSENT}`;
    const stat = readText(join(roots.procRoot, 'stat'), '');
    const bootAtMs = stat.kind === 'text' ? parseBootAtMs(stat.text) : undefined;
    const onClock = records.map((record) => ({ ...record, atMs: roots.onClockNow(record.atMs) }));
    return terminalsOf(onClock, (session) => terminalAt(session, roots), nowMs, bootAtMs ?? nowMs);
  }

  return {
    name: path,
    subjects: [remote, login],
    everyMs: EVERY_MS,
    measure: (at) => {
      const seen = look(at.wallMs);
      const why = typeof seen === 'string' ? seen : seen.why;
      const verdict = typeof seen === 'string' ? ({ kind: 'unknown', why } as const) : seen.verdict;
      roots.sense({ provider, rank: 'sensed', places: ['terminals'], verdict, onClockNow: true });
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
          source: path,
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
