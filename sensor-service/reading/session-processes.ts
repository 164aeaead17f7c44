// What its processes say of a session of which logind knows no terminal: sshd opens the session before the
// terminal, and where nobody writes utmp, logind never hears of it.

import { displayText } from '../../conditions/words.js';

/** A process, as /proc/PID/stat has it. */
export interface SessionProcess {
  readonly name: string;
  /** Its terminal below /dev; undefined: it has none. */
  readonly line: string | undefined;
}

export type SessionUse =
  /** It has terminals, below /dev, as any login. */
  | { readonly kind: 'terminals'; readonly lines: readonly string[] }
  /** It has none, and runs nothing but what carries a connection: a tunnel, or files that are fetched. */
  | { readonly kind: 'carried' }
  /** It has none, and runs something: a copy, a backup, or an editor in which somebody works. */
  | { readonly kind: 'program'; readonly name: string };

const NAME_CHARS_MAX = 40;
/** By their names in the kernel, which has 15 characters of each. */
const carriers: ReadonlySet<string> = new Set([
  ...['sshd', 'sshd-session', 'sshd-auth', 'dropbear', 'sftp-server'],
]);
/** With these a login goes on without the connection that it began with. */
const roaming: ReadonlySet<string> = new Set(['mosh-server', 'etterminal']);
const PTS_MAJOR = 136;
const TTY_MAJOR = 4;
/** What follows among those of that major are serial lines. */
const CONSOLES = 64;

/** Parses /proc/PID/stat; undefined where it is no such thing. */
export function parseProcess(stat: string): SessionProcess | undefined {
  const [, name, rest] = /^\d+ \((.{1,64})\) ([^)]*)$/s.exec(stat) ?? [];
  const device = Number(rest?.split(' ')[4]);
  if (name === undefined || !Number.isInteger(device)) return undefined;
  return { name, line: lineOf(device) };
}

export function sessionUse(processes: readonly SessionProcess[]): SessionUse {
  const lines = [...new Set(processes.flatMap(({ line }) => line ?? []))];
  if (lines.length > 0) return { kind: 'terminals', lines };
  const program = processes.find(({ name }) => !carriers.has(name));
  if (program === undefined) return { kind: 'carried' };
  return { kind: 'program', name: displayText(program.name, NAME_CHARS_MAX) };
}

/**
 * The same of a session whose connection has ended: what goes on by itself (a detached tmux, an agent) is
 * nobody, whatever it is, and who roams is at the terminals of it.
 */
export function leftUse(processes: readonly SessionProcess[]): SessionUse {
  return processes.some(({ name }) => roaming.has(name))
    ? sessionUse(processes)
    : { kind: 'carried' };
}

/** Where the processes of the same group are listed below /sys/fs/cgroup, by /proc/PID/cgroup. */
export function groupOf(cgroup: string): string | undefined {
  const two = /^0::(\/.*)$/m.exec(cgroup)?.[1];
  const one = /^\d+:name=systemd:(\/.*)$/m.exec(cgroup)?.[1];
  const path = one === undefined ? two : `/systemd${one}`;
  // A group of the root would hold everybody, and one from outside of a namespace leads elsewhere.
  if (path === undefined || path === '/' || path === '/systemd/') return undefined;
  return path.split('/').includes('..') ? undefined : path;
}

/** A device's number, as the kernel writes it: the major one between two parts of the minor one. */
function lineOf(device: number): string | undefined {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major === PTS_MAJOR) return `pts/${String(minor)}`;
  return major === TTY_MAJOR && minor > 0 && minor < CONSOLES ? `tty${String(minor)}` : undefined;
}
