// What senses a machine, put together: the daemons that tell, the files that are read, who is there, and what
// they all amount to.
//
//   daemons ─┐                       ┌─ seat ─▶ presence ─┐
//   files ───┴─ measured ─▶ accounts ┴────────────────────┴─▶ latest
//
// A source that was added earlier is believed first: the machine's daemons are asked before its files.

import { join } from 'node:path';
import type { Signal } from '../conditions/reading.js';
import type { TraceEvent } from '../conditions/trace.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import type { CloseStack } from '../runtime/shutdown.js';
import type { SensorApiDeps } from './api/sensor.grpc.js';
import { answeringProbe, unannouncedProbe } from './probe/answering.js';
import { notLookedFor } from './probe/apps.js';
import { watchBuses, type BusAddresses } from './probe/buses.dbus.js';
import { notMeasured } from './probe/disk-free.js';
import { diskProbes, everyProbe, type Machine } from './probe/every-probe.js';
import { InventoryProbe } from './probe/inventory.js';
import type { Profile } from './probe/places.js';
import type { Probe } from './probe/probe.js';
import { stillAfterMs } from './reading/counted-input.js';
import { toReading, type Measurement } from './reading/measurement.js';
import type { PresenceSignal } from './reading/presence.js';
import { defaultAwayAfter, type AwayAfter } from './reading/seat.js';
import type { Logins } from './reading/utmp.js';
import { createAccounts, type Accounts } from './sampling/accounts.js';
import { APPS_MAX, createAsked, DISKS_MAX } from './sampling/asked.js';
import { InhibitLoop } from './sampling/inhibit.loop.js';
import { createLatest } from './sampling/latest.js';
import { SamplingLoop } from './sampling/loop.js';
import { PresenceLoop } from './sampling/presence.loop.js';
import { startReplay } from './sampling/replay.loop.js';
import { SeatLoop } from './sampling/seat.loop.js';

/** Often enough to notice load that arrives; presence does not wait for it. */
const SAMPLE_EVERY_MS = 1_000;

export interface Sensed {
  /**
   * Absolute paths whose file system's free space is reported, as instances of `disk.free`, besides
   * those that watchers ask for.
   */
  readonly diskPaths: readonly string[];
  /** While somebody watches; with nobody watching nothing is measured. */
  readonly sampleEveryMs?: number;
  readonly procRoot?: string;
  readonly sysRoot?: string;
  /** Where D-Bus is listened to; without it nowhere. */
  readonly buses?: BusAddresses;
  /** After how long without a sign of a person nobody is there. */
  readonly awayAfter?: AwayAfter;
  /** The directory in which dev/, run/, tmp/ and var/ lie. */
  readonly root?: string;
  /** Programs that updates ask about: an executable's path, flatpak:ID or snap:NAME. */
  readonly apps?: readonly string[];
  /** Without it the machine is looked at. */
  readonly profile?: Profile;
  /** Without it, the system on which this runs. */
  readonly platform?: NodeJS.Platform;
  /** A trace to play in the place of what is measured. */
  readonly replay?: { readonly events: readonly TraceEvent[]; readonly speed: number };
}

interface Around {
  readonly clock: Clock;
  readonly log: Log;
  /** What is opened here is closed with it, also where this throws. */
  readonly opened: CloseStack;
}

/** Everything that the API tells of. */
export function startSensing(sensed: Sensed, around: Around): Omit<SensorApiDeps, 'clock' | 'log'> {
  const { clock, log, opened } = around;
  const { replay, awayAfter = defaultAwayAfter } = sensed;
  const latest = createLatest((error) => {
    log.error({ err: error }, 'a listener of the readings failed');
  });
  const accounts = createAccounts(latest.put, latest.forget);
  const monotonicNs = (): bigint => process.hrtime.bigint();
  const presence = opened.add(
    'presence',
    new PresenceLoop({
      ...{ clock, monotonicNs },
      publish: (reading) => {
        latest.put([reading]);
      },
    }),
  );
  const seat = opened.add(
    'seat',
    new SeatLoop({
      ...{ clock, awayAfter, monotonicNs },
      devices: join(sensed.root ?? '/', 'dev', 'input'),
      sense: (signal, seenNs) => {
        presence.sense(signal, seenNs);
      },
    }),
  );
  const sense = (signal: PresenceSignal): void => {
    presence.sense(signal, monotonicNs());
  };
  const daemons = watchDaemons(sensed, { ...around, seat, accounts, awayAfter });
  const inhibitions = opened.add(
    'inhibitions',
    new InhibitLoop({ clock, publish: accounts.source() }),
  );
  const publish = accounts.source();
  // What was so when it was last looked at is not so for ever. Paths have versions in them: what nobody
  // asks about any more is told once, and not kept.
  const ears = (nobodyAsks: (name: string) => Measurement): Parameters<typeof createAsked>[2] => ({
    onMore: () => {
      sampling.expire();
    },
    onGone: (gone) => {
      const now = clock.now();
      accounts.forget(gone.map((name) => toReading(nobodyAsks(name), now)));
    },
  });
  const apps = createAsked(sensed.apps ?? [], APPS_MAX, ears(notLookedFor));
  const disks = createAsked(sensed.diskPaths, DISKS_MAX, ears(notMeasured));
  const measured = machineOf(sensed, apps.current, disks.current);
  const machine = opened.add(
    'machine',
    everyProbe(measured, {
      ...{ log, sense, sessions: daemons.sessions, isTold: daemons.isTold },
      onInput: (input) => {
        seat.knowDevices(input);
      },
      onPlaces: (places) => {
        presence.setPlaces(places);
      },
      onShift: (shift, sleptMs) => {
        presence.shiftClock(shift, sleptMs);
        inhibitions.slept(sleptMs);
      },
      onClockNow: (instantMs) => presence.onClockNow(instantMs),
    }),
  );
  const sampling = opened.add(
    'sampling',
    new SamplingLoop({
      ...{ clock, log, publish },
      probes: replay === undefined ? [...daemons.probes, ...machine.probes] : diskProbes(measured),
      everyMs: sensed.sampleEveryMs ?? SAMPLE_EVERY_MS,
    }),
  );
  const inventory = opened.add('inventory', new InventoryProbe());
  if (replay !== undefined) {
    opened.add('replay', startReplay({ clock, ...replay, publish: accounts.source(), sense }));
  }
  return { latest, sampling, presence, inventory, inhibitions, apps, disks };
}

interface Daemons {
  readonly sessions: () => Logins;
  /** Whether one of them tells of a signal by itself. */
  readonly isTold: (signal: Signal) => boolean;
  /** Whether they still answer, and what they do not announce. */
  readonly probes: readonly Probe[];
}

/** The machine's own, where it has a bus, as Linux alone does, and nothing is played in their place. */
function watchDaemons(
  { buses: addresses, replay, platform = process.platform }: Sensed,
  around: Around & {
    readonly seat: SeatLoop;
    readonly accounts: Accounts;
    readonly awayAfter: AwayAfter;
  },
): Daemons {
  const { clock, log, opened, seat, accounts, awayAfter } = around;
  if (addresses === undefined || replay !== undefined || platform !== 'linux') {
    return { sessions: () => undefined, isTold: () => false, probes: [] };
  }
  let sessions: Logins;
  const told = new Set<Signal>();
  const buses = watchBuses({
    ...{ clock, log, addresses, awayAfter, seat },
    onSessions: (known) => {
      sessions = known;
    },
    source: () => {
      const say = accounts.source();
      return (measurements) => {
        const now = clock.now();
        for (const { signal, value } of measurements) {
          if (value.kind === 'unknown') told.delete(signal);
          else told.add(signal);
        }
        say(measurements.map((measurement) => toReading(measurement, now)));
      };
    },
  });
  opened.add('buses', buses);
  const answers = answeringProbe(() => {
    buses.check();
  });
  const unannounced = unannouncedProbe(() => {
    buses.look();
  });
  const isTold = (signal: Signal): boolean => told.has(signal);
  return { sessions: () => sessions, isTold, probes: [answers, unannounced] };
}

function machineOf(
  { procRoot, sysRoot, root, profile, platform, awayAfter = defaultAwayAfter }: Sensed,
  apps: Machine['apps'],
  diskPaths: Machine['diskPaths'],
): Machine {
  return {
    platform: platform ?? process.platform,
    procRoot: procRoot ?? '/proc',
    sysRoot: sysRoot ?? '/sys',
    root: root ?? '/',
    diskPaths,
    apps,
    profile: profile ?? 'auto',
    awayAfterMs: awayAfter.inputMs,
    stillAfterMs: stillAfterMs(awayAfter),
    terminalActiveMs: awayAfter.terminalMs,
  };
}
