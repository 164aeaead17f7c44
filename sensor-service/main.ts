// The sensor-service: measures the machine and tells whoever watches. It never decides.
//
//   probe/ (reads) → reading/ (parses) → sampling/ (when, and the latest) → api/ (tells)

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SensorServiceService } from '../proto/gen/lull/sensor/v1/sensor.js';
import type { TraceEvent } from '../conditions/trace.js';
import type { Clock } from '../runtime/clock.js';
import { serveUnix } from '../runtime/grpc.js';
import type { Log } from '../runtime/log.js';
import { CloseStack, type Closeable } from '../runtime/shutdown.js';
import { createSensorApi } from './api/sensor.grpc.js';
import { answeringProbe, unannouncedProbe } from './probe/answering.js';
import { watchBuses, type BusAddresses } from './probe/buses.dbus.js';
import { notLookedFor } from './probe/apps.js';
import { notMeasured } from './probe/disk-free.js';
import { diskProbes, everyProbe, type Machine } from './probe/every-probe.js';
import { InventoryProbe } from './probe/inventory.js';
import type { Profile } from './probe/places.js';
import type { Probe } from './probe/probe.js';
import type { UtmpRecord } from './reading/utmp.js';
import { stillAfterMs } from './reading/counted-input.js';
import type { PresenceSignal } from './reading/presence.js';
import { createAccounts } from './sampling/accounts.js';
import { InhibitLoop } from './sampling/inhibit.loop.js';
import { createLatest } from './sampling/latest.js';
import { APPS_MAX, createAsked, DISKS_MAX } from './sampling/asked.js';
import { SamplingLoop } from './sampling/loop.js';
import { toReading, type Measurement } from './reading/measurement.js';
import { defaultAwayAfter, type AwayAfter } from './reading/seat.js';
import { PresenceLoop } from './sampling/presence.loop.js';
import { SeatLoop } from './sampling/seat.loop.js';
import { startReplay } from './sampling/replay.loop.js';

/** Often enough to notice load that arrives; presence does not wait for it. */
const SAMPLE_EVERY_MS = 1_000;
const SOCKET_NAME = 'sensor.sock';

export interface SensorSettings {
  /** Where the socket goes; made if it is missing. */
  readonly runDir: string;
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
  readonly awayAfter?: AwayAfter;
  /** The directory in which dev/, run/, tmp/ and var/ lie. */
  readonly root?: string;
  /** Programs that updates ask about: an executable's path, flatpak:ID or snap:NAME. */
  readonly apps?: readonly string[];
  /** Without it the machine is looked at. */
  readonly profile?: Profile;
  /** A trace to play in the place of what is measured. */
  readonly replay?: { readonly events: readonly TraceEvent[]; readonly speed: number };
}

export interface SensorService extends Closeable {
  readonly socketPath: string;
  close(): Promise<void>;
}

/** @throws SocketInUseError when another sensor-service answers there. */
export async function startSensorService(
  settings: SensorSettings,
  deps: { readonly clock: Clock; readonly log: Log },
): Promise<SensorService> {
  const { clock, log } = deps;
  mkdirSync(settings.runDir, { recursive: true, mode: 0o700 });
  const closers = new CloseStack(log);

  const latest = createLatest((error) => {
    log.error({ err: error }, 'a listener of the readings failed');
  });
  // The machine's daemons are asked before its files: a source added earlier is believed first.
  const accounts = createAccounts(latest.put, latest.forget);
  const presence = closers.add(
    'presence',
    new PresenceLoop({
      clock,
      monotonicNs: () => process.hrtime.bigint(),
      publish: (reading) => {
        latest.put([reading]);
      },
    }),
  );
  const awayAfter = settings.awayAfter ?? defaultAwayAfter;
  const seat = closers.add(
    'seat',
    new SeatLoop({
      ...{ clock, awayAfter, monotonicNs: () => process.hrtime.bigint() },
      devices: join(settings.root ?? '/', 'dev', 'input'),
      sense: (signal, seenNs) => {
        presence.sense(signal, seenNs);
      },
    }),
  );
  let sessions: readonly UtmpRecord[] | undefined;
  const answering: Probe[] = [];
  if (settings.buses !== undefined && settings.replay === undefined) {
    const buses = watchBuses({
      ...{ clock, log, addresses: settings.buses, awayAfter, seat },
      onSessions: (known) => {
        sessions = known;
      },
      source: () => {
        const say = accounts.source();
        return (measurements) => {
          const now = clock.now();
          say(measurements.map((measurement) => toReading(measurement, now)));
        };
      },
    });
    closers.add('buses', buses);
    answering.push(
      answeringProbe(() => {
        buses.check();
      }),
      unannouncedProbe(() => {
        buses.look();
      }),
    );
  }
  const sense = (signal: PresenceSignal): void => {
    presence.sense(signal, process.hrtime.bigint());
  };
  const inhibitions = closers.add(
    'inhibitions',
    new InhibitLoop({ clock, publish: accounts.source() }),
  );
  const say = accounts.source();
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
  const apps = createAsked(settings.apps ?? [], APPS_MAX, ears(notLookedFor));
  const disks = createAsked(settings.diskPaths, DISKS_MAX, ears(notMeasured));
  const measured = machineOf(settings, apps.current, disks.current);
  const machine = closers.add(
    'machine',
    everyProbe(measured, {
      log,
      sense,
      sessions: () => sessions,
      onInput: (input) => {
        seat.knowDevices(input);
      },
      onPlaces: (places) => {
        presence.setPlaces(places);
      },
      onShift: (shift) => {
        presence.shiftClock(shift);
      },
      onClockNow: (instantMs) => presence.onClockNow(instantMs),
    }),
  );
  const sampling = closers.add(
    'sampling',
    new SamplingLoop({
      clock,
      log,
      probes:
        settings.replay === undefined ? [...answering, ...machine.probes] : diskProbes(measured),
      everyMs: settings.sampleEveryMs ?? SAMPLE_EVERY_MS,
      publish: say,
    }),
  );
  const inventory = closers.add('inventory', new InventoryProbe());
  const api = createSensorApi({
    clock,
    log,
    latest,
    sampling,
    presence,
    inventory,
    inhibitions,
    apps,
    disks,
  });
  if (settings.replay !== undefined) {
    const publish = accounts.source();
    closers.add('replay', startReplay({ clock, ...settings.replay, publish, sense }));
  }

  try {
    const listener = await serveUnix({
      path: join(settings.runDir, SOCKET_NAME),
      mode: 0o600,
      register: (server) => {
        server.addService(SensorServiceService, api.handlers);
      },
    });
    closers.add('socket', listener);
    // Streams end before the socket closes; otherwise it would wait for them.
    closers.add('watchers', api);
    return { socketPath: listener.path, close: () => closers.close() };
  } catch (error) {
    await closers.close();
    throw error;
  }
}

function machineOf(
  settings: SensorSettings,
  apps: Machine['apps'],
  diskPaths: Machine['diskPaths'],
): Machine {
  const awayAfter = settings.awayAfter ?? defaultAwayAfter;
  return {
    platform: process.platform,
    procRoot: settings.procRoot ?? '/proc',
    sysRoot: settings.sysRoot ?? '/sys',
    root: settings.root ?? '/',
    diskPaths,
    apps,
    profile: settings.profile ?? 'auto',
    awayAfterMs: awayAfter.inputMs,
    stillAfterMs: stillAfterMs(awayAfter),
  };
}
