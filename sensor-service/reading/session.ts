// A login session as logind describes it, checked property by property: what comes over the bus is
// somebody else's.

import { isTerminal, type UtmpRecord } from './utmp.js';

type Properties = Readonly<Record<string, unknown>>;

export interface Session {
  /**
   * `opaque`: somebody may be in it, and logind does not know by what it would show. `left`: whoever came
   * over the network has gone from it, but for those who roam (mosh), and something of it goes on.
   */
  readonly kind: 'graphical' | 'terminal' | 'opaque' | 'left';
  /** Nobody is logged in: a login screen. */
  readonly greeter: boolean;
  readonly remote: boolean;
  /** It has a seat of this machine: a screen, a keyboard. One that is shown by VNC or xrdp has none. */
  readonly seat: boolean;
  readonly active: boolean;
  /** Undefined: not said, or nonsense. */
  readonly idle: boolean | undefined;
  /**
   * When it was told to be idle; of a terminal: its last sign of a person. On the monotonic clock,
   * which nobody sets and which stands still while the machine sleeps.
   */
  readonly idleSinceMs: number | undefined;
  readonly locked: boolean;
  readonly uid: number | undefined;
  /** The number of its X server; undefined: it has none, or one in which not all windows are. */
  readonly display: number | 'unsaid' | undefined;
  /** Its entry as utmp would have it. */
  readonly login: UtmpRecord;
}

const graphicalTypes: ReadonlySet<unknown> = new Set(['x11', 'wayland', 'mir']);
/** In any other one, also of a class that is not known yet, a person may be. */
const classesOfNobody: ReadonlySet<unknown> = new Set([
  ...['background', 'background-light'],
  ...['manager', 'manager-early', 'none'],
]);

/**
 * @returns undefined for a session in which no person can be: cron, a service, a desktop that closes;
 * 'nonsense' for one that is not described as logind does, in which a person may well be.
 */
export function sessionOf(properties: Properties): Session | 'nonsense' | undefined {
  const { Class: kindOfUser, Type: type, TTY: tty, State: state, User: user } = properties;
  if (typeof kindOfUser !== 'string' || typeof type !== 'string') return 'nonsense';
  const uid: unknown = Array.isArray(user) ? user[0] : undefined;
  const group = groupOf(uid, properties['Scope']);
  const isLeft = state === 'closing';
  const mayRoam = type === 'tty' && properties['Remote'] === true && group !== undefined;
  if (classesOfNobody.has(kindOfUser) || (isLeft && !mayRoam)) return undefined;
  const kind = isLeft ? 'left' : kindOf(type, tty);
  const seat: unknown = Array.isArray(properties['Seat']) ? properties['Seat'][0] : undefined;
  return {
    kind,
    greeter: kindOfUser === 'greeter',
    remote: properties['Remote'] === true,
    seat: typeof seat === 'string' && seat !== '',
    active: properties['Active'] === true,
    idle: typeof properties['IdleHint'] === 'boolean' ? properties['IdleHint'] : undefined,
    idleSinceMs: millisecondsOf(properties['IdleSinceHintMonotonic']),
    locked: properties['LockedHint'] === true,
    uid: typeof uid === 'number' ? uid : undefined,
    display: type === 'x11' ? displayNumber(properties['Display']) : undefined,
    login: {
      kind: 'session',
      pid: typeof properties['Leader'] === 'number' ? properties['Leader'] : 0,
      line: typeof tty === 'string' && isTerminal(tty) ? tty : '',
      isRemote: properties['Remote'] === true,
      atMs: millisecondsOf(properties['Timestamp']) ?? 0,
      ...unnamed(kind, type, group),
    },
  };
}

/** By what it is told whether somebody is at it, where that is not its terminal. */
function unnamed(
  kind: Session['kind'],
  type: string,
  group: string | undefined,
): Partial<UtmpRecord> {
  if (kind !== 'opaque' && kind !== 'left') return {};
  if (type !== 'tty') return { unnamed: 'never' };
  return { unnamed: kind === 'left' ? 'left' : 'asked', ...(group === undefined ? {} : { group }) };
}

/** Where logind puts the processes of a session, which is found when the first of them has ended. */
function groupOf(uid: unknown, scope: unknown): string | undefined {
  if (typeof uid !== 'number' || typeof scope !== 'string') return undefined;
  if (!/^session-\w{1,64}\.scope$/.test(scope)) return undefined;
  return `/user.slice/user-${String(uid)}.slice/${scope}`;
}

function kindOf(type: string, tty: unknown): Session['kind'] {
  if (graphicalTypes.has(type)) return 'graphical';
  // sshd opens a session before its terminal, if it ever has one: logind then learns it by utmp alone.
  return type === 'tty' && typeof tty === 'string' && tty !== '' ? 'terminal' : 'opaque';
}

/** ":0", or ":0.0"; one of another machine is none. */
function displayNumber(value: unknown): number | 'unsaid' | undefined {
  if (value === '' || value === undefined) return 'unsaid';
  const [, number] =
    typeof value === 'string' ? (/^:(\d{1,5})(?:\.\d{1,2})?$/.exec(value) ?? []) : [];
  return number === undefined ? undefined : Number(number);
}

/** Microseconds as the bus has them; 0 means never. */
function millisecondsOf(value: unknown): number | undefined {
  if (typeof value !== 'bigint' || value <= 0n) return undefined;
  const ms = Number(value / 1_000n);
  return Number.isSafeInteger(ms) ? ms : undefined;
}
