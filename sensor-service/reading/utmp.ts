// The records of who is logged in, as glibc writes them to /run/utmp.

export interface UtmpRecord {
  readonly kind: 'boot' | 'session' | 'ended';
  readonly pid: number;
  /** The terminal below /dev: "pts/3", "tty1". Checked, so that it can be joined to a path. */
  readonly line: string;
  /** Where the person sits, where that is elsewhere. Never shown or recorded. */
  readonly isRemote: boolean;
  readonly atMs: number;
  /**
   * Of one that utmp does not tell of and logind knows without a terminal. `asked`: whether it has one is
   * asked of its processes; `never`: it has none, and somebody may use it in another way; `left`: whoever
   * came has gone, or roams.
   */
  readonly unnamed?: 'asked' | 'never' | 'left';
  /** Of such a one: the control group of its processes, by its path in the kernel's tree. */
  readonly group?: string;
}

/** What logind knows of who is logged in; with why, where it is there and does not answer. */
export type Logins = readonly UtmpRecord[] | { readonly silent: string } | undefined;

const LINE = { at: 8, bytes: 32 };
const HOST = { at: 76, bytes: 256 };
const PID_AT = 4;
const kinds: ReadonlyMap<number, UtmpRecord['kind']> = new Map([
  [2, 'boot'],
  [7, 'session'],
  [8, 'ended'],
]);

interface Layout {
  readonly bytes: number;
  readonly secondsAt: number;
  readonly wide: boolean;
}

/** 32-bit times, but where glibc says otherwise (its `__WORDSIZE_TIME64_COMPAT32`): of RISC-V it does not. */
function layoutOf(arch: string): Layout {
  const wide = arch === 'arm64' || arch === 'loong64';
  return wide ? { bytes: 400, secondsAt: 344, wide } : { bytes: 384, secondsAt: 340, wide };
}

/** Parses the file; what follows the last whole record was cut short and is left out. */
export function parseUtmp(bytes: Uint8Array, arch: string): UtmpRecord[] {
  const layout = layoutOf(arch);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const records: UtmpRecord[] = [];
  for (let at = 0; at + layout.bytes <= bytes.length; at += layout.bytes) {
    const kind = kinds.get(view.getInt16(at, true));
    if (kind === undefined) continue;
    const seconds = layout.wide
      ? Number(view.getBigInt64(at + layout.secondsAt, true))
      : view.getInt32(at + layout.secondsAt, true);
    const line = textAt(bytes, at + LINE.at, LINE.bytes);
    const host = textAt(bytes, at + HOST.at, HOST.bytes);
    records.push({
      kind,
      pid: view.getInt32(at + PID_AT, true),
      line: isTerminal(line) ? line : '',
      // A host that is a display (":0") is this machine's own screen.
      isRemote: host !== '' && !host.startsWith(':'),
      atMs: seconds * 1_000,
    });
  }
  return records;
}

/** Also the consoles that hypervisors give to their machines. X servers and FTP have lines in utmp as well. */
const terminals =
  /^(?:pts\/\d{1,7}|tty\w{1,12}|(?:hvc|hvsi|xvc|sclp_line)\d{1,3}|(?:lxc|3270)\/tty\d{1,3}|console)$/;

/** Whether it names a terminal below /dev, and nothing else. */
export function isTerminal(line: string): boolean {
  return terminals.test(line);
}

function textAt(bytes: Uint8Array, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}
