import type { Signal } from '../../conditions/reading.js';
import type { Log } from '../../runtime/log.js';
import type { ClockShift } from '../reading/clock-shift.js';
import type { Place, PresenceSignal } from '../reading/presence.js';
import type { SeatVerdict } from '../reading/seat.js';
import type { Logins } from '../reading/utmp.js';
import { appsProbe } from './apps.js';
import { bootProbe } from './boot.js';
import { callProbe } from './call.js';
import { clockProbes } from './clock.js';
import { coresProbe, cpuProbe } from './cpu.js';
import { diskActivityProbe } from './disk-activity.js';
import { diskFreeProbe } from './disk-free.js';
import { diskKindProbe } from './disk-kind.js';
import { notTried, probesElsewhere } from './elsewhere.js';
import { inputProbe } from './input-devices.js';
import { locksProbe } from './locks.js';
import { memoryProbe } from './memory.js';
import { placesProbe, type Profile } from './places.js';
import { playingProbe } from './playing.js';
import { powerProbe } from './power.js';
import { pressureProbe } from './pressure.js';
import type { Probe } from './probe.js';
import { setUpProbe } from './set-up.js';
import { soundCards } from './sound.js';
import { terminalsProbe } from './terminals.js';
import { tetheredProbe } from './tethered.js';
import { thermalProbe } from './thermal.js';
import { trafficProbe } from './traffic.js';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly procRoot: string;
  readonly sysRoot: string;
  /** The directory in which dev/, run/, tmp/ and var/ lie. */
  readonly root: string;
  /** Where updates are written to. */
  readonly diskPaths: () => readonly string[];
  /** Programs that updates ask about. */
  readonly apps: () => readonly string[];
  readonly profile: Profile;
  /** No input for so long: away. */
  readonly awayAfterMs: number;
  /** No input for so long: it may be, where the screen is locked or dark. */
  readonly stillAfterMs: number;
  /** A session at a terminal, or from elsewhere, counts for so long after its last key. */
  readonly terminalActiveMs: number;
}

/** Who is told what is no reading. */
export interface ProbeEars {
  readonly log: Log;
  readonly sense: (signal: PresenceSignal) => void;
  /** What the input devices say of the seat. */
  readonly onInput: (input: SeatVerdict) => void;
  readonly sessions: () => Logins;
  /** Whether a daemon of the machine, which is believed before its files, tells of a signal. */
  readonly isTold: (signal: Signal) => boolean;
  readonly onPlaces: (places: readonly Place[]) => void;
  readonly onShift: (shift: ClockShift, sleptMs: number) => void;
  readonly onClockNow: (instantMs: number) => number;
}

interface EveryProbe {
  readonly probes: readonly Probe[];
  close(): void;
}

/** Every probe that there is for this system. Each speaks of its own signals, and of no other's. */
export function everyProbe(machine: Machine, ears: ProbeEars): EveryProbe {
  if (machine.platform === 'linux') return linuxProbes(machine, ears);
  const wallMs = (): number => Date.now();
  const probes = probesElsewhere(machine.platform, { ...machine, ...ears, wallMs });
  return { probes: [...probes, notTried(diskFree(machine))], close: () => undefined };
}

/** Those that read the kernel's files. */
function linuxProbes(machine: Machine, ears: ProbeEars): EveryProbe {
  const { procRoot, sysRoot, root } = machine;
  const cards = soundCards(procRoot);
  const input = inputProbe({ ...machine, heard: ears.onInput });
  const cpu = cpuProbe(procRoot);
  const disks = diskActivityProbe(procRoot, sysRoot);
  return {
    probes: [
      // The clock first: an absence is counted by a clock that is known to have jumped.
      ...clockProbes({ procRoot, ...ears }),
      placesProbe({ ...machine, ...ears }),
      input,
      terminalsProbe({ ...machine, ...ears }),
      cpu,
      coresProbe(procRoot),
      pressureProbe(procRoot, 'cpu'),
      pressureProbe(procRoot, 'io'),
      pressureProbe(procRoot, 'memory'),
      memoryProbe(procRoot),
      disks,
      ...diskProbes(machine),
      powerProbe(sysRoot, ears.isTold),
      thermalProbe(sysRoot),
      bootProbe(procRoot),
      setUpProbe(root),
      trafficProbe(machine),
      tetheredProbe(procRoot, sysRoot),
      locksProbe(machine),
      callProbe(machine, cards),
      playingProbe(cards),
      appsProbe(machine, machine.apps),
    ],
    close: () => {
      for (const open of [input, cpu, disks]) open.close();
    },
  };
}

/** What updates are written to: measured also while a trace is played. */
export function diskProbes(machine: Machine): Probe[] {
  const free = diskFree(machine);
  return machine.platform === 'linux' ? [diskKindProbe(machine.sysRoot), free] : [free];
}

function diskFree({ diskPaths, procRoot }: Machine): Probe {
  return diskFreeProbe(diskPaths, procRoot);
}
