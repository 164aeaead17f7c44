// Everything that listens to D-Bus, on a bus of the test's own. Nothing outside tests imports it.

import type { Reading, Signal, Value } from '../../conditions/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { within } from '../../runtime/deadline.js';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { toReading } from '../reading/measurement.js';
import { foldPresence, type PresenceSignal } from '../reading/presence.js';
import type { AwayAfter } from '../reading/seat.js';
import type { Logins } from '../reading/utmp.js';
import { SeatLoop } from '../sampling/seat.loop.js';
import { createAccounts } from '../sampling/accounts.js';
import { watchBuses } from './buses.dbus.js';
import type { MockBus } from './mock-bus.testing.js';

const SEEN_MS_MAX = 25_000;

export const LOGIN = 'org.freedesktop.login1';
const LOGIN_PATH = '/org/freedesktop/login1';
export const manager = { service: LOGIN, path: LOGIN_PATH, iface: `${LOGIN}.Manager` };
const mockOfLogin = { ...manager, iface: 'org.freedesktop.DBus.Mock' };

export interface BusesUnderTest extends Closeable {
  presence(): Value;
  /** Why presence is unknown; '' where it is known. */
  why(): string;
  /** The values of presence in the order told, without repetitions. */
  readonly told: readonly string[];
  /** The sessions as utmp would have them. */
  sessions(): Logins;
  /** Asks whoever knows of a person whether it still answers. */
  check(): void;
  /** The same as often as the rounds of a run do, until it is closed. */
  checkOnAndOn(): void;
  value(signal: Signal): Value | undefined;
  source(signal: Signal): string | undefined;
  /** Waits until `holds`; looks whenever something is told. */
  until(what: string, holds: () => boolean): Promise<void>;
  untilPresence(kind: 'engaged' | 'away' | 'unknown'): Promise<void>;
  untilValue(signal: Signal, holds: (value: Value) => boolean): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  readonly desktop?: MockBus;
  readonly awayAfter?: Partial<AwayAfter>;
  readonly pingEveryMs?: number;
  readonly callMsMax?: number;
  readonly seenMsMax?: number;
}

const LOOK_EVERY_MS = 100;
const CHECK_EVERY_MS = 270;

export function listenTo(
  bus: MockBus | { address: string },
  options: Options = {},
): BusesUnderTest {
  const sensed = new Map<string, PresenceSignal>();
  const readings = new Map<string, Reading>();
  const told: string[] = [];
  let sessions: Logins;
  let wake: () => void = () => undefined;
  const presence = (): Value => foldPresence([...sensed.values()]).value;
  const accounts = createAccounts((changed) => {
    for (const reading of changed) readings.set(reading.signal, reading);
    wake();
  });
  const { desktop } = options;
  const awayAfter = {
    ...{ inputMs: 400, lockedMs: 300, darkMs: 300, terminalMs: 500 },
    ...options.awayAfter,
  };
  const seat = new SeatLoop({
    clock: systemClock,
    monotonicNs: () => process.hrtime.bigint(),
    awayAfter,
    devices: '/dev/input',
    sense: (signal) => {
      sensed.set(signal.provider, signal);
      const kind = kindOf(presence());
      if (told.at(-1) !== kind) told.push(kind);
      wake();
    },
  });
  const watched = watchBuses({
    ...options,
    clock: systemClock,
    log: createLog('sensor', 'silent'),
    seat,
    onSessions: (known) => {
      sessions = known;
    },
    addresses: {
      system: bus.address,
      desktopOf:
        desktop === undefined ? undefined : () => ({ address: desktop.address, as: desktop.uid }),
    },
    awayAfter,
    source: () => {
      const say = accounts.source();
      return (measurements) => {
        say(measurements.map((measurement) => toReading(measurement, systemClock.now())));
      };
    },
  });

  const looking = setInterval(() => {
    watched.look();
  }, LOOK_EVERY_MS);
  let checking: NodeJS.Timeout | undefined;

  async function until(what: string, holds: () => boolean): Promise<void> {
    const seen = async (): Promise<void> => {
      while (!holds()) await new Promise<void>((resolve) => (wake = resolve));
    };
    try {
      await within(seen(), options.seenMsMax ?? SEEN_MS_MAX, what);
    } catch (error) {
      const said = JSON.stringify([
        presence(),
        [...readings.values()].map((r) => [r.signal, r.value]),
      ]);
      throw new Error(`${what} did not come about: ${said}`, { cause: error });
    }
  }

  return {
    presence,
    why: () => {
      const value = presence();
      return value.kind === 'unknown' ? value.why : '';
    },
    told,
    sessions: () => sessions,
    check: () => {
      watched.check();
    },
    checkOnAndOn: () => {
      checking ??= setInterval(() => {
        watched.check();
      }, CHECK_EVERY_MS);
    },
    value: (signal) => readings.get(signal)?.value,
    source: (signal) => readings.get(signal)?.source,
    until,
    untilPresence: (kind) => until(kind, () => kindOf(presence()) === kind),
    untilValue: (signal, holds) =>
      until(signal, () => {
        const reading = readings.get(signal);
        return reading !== undefined && holds(reading.value);
      }),
    close: async () => {
      clearInterval(looking);
      clearInterval(checking);
      await watched.close();
      seat.close();
    },
  };
}

function kindOf(value: Value): string {
  return value.kind === 'presence' ? value.presence.kind : value.kind;
}

export function session(id: string): { service: string; path: string; iface: string } {
  return { service: LOGIN, path: `${LOGIN_PATH}/session/${id}`, iface: `${LOGIN}.Session` };
}

/** Opens a session at the seat as a desktop has it: class user, type wayland, active. */
export async function logIn(
  bus: MockBus,
  id: string,
  { uid = 1_000, name = 'ada' }: { uid?: number; name?: string } = {},
): Promise<void> {
  await bus.call(mockOfLogin, 'AddSession', 'ssusb', [id, 'seat0', uid, name, true]);
  await describe(bus, id, { Type: 'wayland' });
}

/** Opens idle sessions "s0", "s1", … of a user each, in one call. */
export async function logInMany(bus: MockBus, count: number): Promise<void> {
  const code = `
for n in range(${String(count)}):
    path = self.AddSession("s%d" % n, "seat0", 1000 + n, "u%d" % n, True)
    objects[path].props["${LOGIN}.Session"].update({
        "Type": "wayland", "IdleHint": True, "IdleSinceHintMonotonic": dbus.UInt64(args[0])})`;
  await bus.call(mockOfLogin, 'AddMethod', 'sssss', [manager.iface, 'LogInMany', 't', '', code]);
  await bus.call(manager, 'LogInMany', 't', [microsecondsAgo(5_000)]);
}

/** Writes properties without a signal, as they are before logind knows of a listener. */
export async function describe(
  bus: MockBus,
  id: string,
  properties: Readonly<Record<string, string | boolean | bigint>>,
): Promise<void> {
  const on = { ...session(id), iface: 'org.freedesktop.DBus.Properties' };
  for (const [name, value] of Object.entries(properties)) {
    const type = typeof value === 'string' ? 's' : typeof value === 'boolean' ? 'b' : 't';
    await bus.call(on, 'Set', 'ssv', [session(id).iface, name, [type, value]]);
  }
}

/** Now, or some time ago, on logind's clock. */
export function microsecondsAgo(ms: number): bigint {
  // A machine that was started a moment ago has no earlier instant than that.
  return BigInt(Math.max(1, Math.round((systemClock.now().monotonicMs - ms) * 1_000)));
}

export async function announce(bus: MockBus, id: string): Promise<void> {
  const { path } = session(id);
  await bus.call(mockOfLogin, 'EmitSignal', 'sssav', [
    manager.iface,
    'SessionNew',
    'so',
    [
      ['s', id],
      ['o', path],
    ],
  ]);
}
