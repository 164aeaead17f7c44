// macOS and Windows, as far as their own commands and `systeminformation` go. Nobody could try it there:
// the sources say so. The contract is that of Linux: what is not known is unknown, and presence that is
// not known counts as a person.
//
// Invariant: E1. Every signal of the machine has a reading: what nobody asks for there is unknown, and why.

import { availableParallelism, cpus, uptime } from 'node:os';
import { signals, type Signal } from '../../conditions/reading.js';
import {
  flagValue,
  machineWide,
  measurement,
  numberValue,
  shareValue,
  unknownValue,
  type Measurement,
} from '../reading/measurement.js';
import { hidIdleMs, quserIdleMs, whoIdleMs } from '../reading/idle-time.js';
import { macCharge, macInhibited, macMains, macSaving, macThermal } from '../reading/macos.js';
import type { Place, PresenceSignal, Verdict } from '../reading/presence.js';
import { windowsInhibited } from '../reading/windows.js';
import { emptyWindow, shareOf, withSample } from '../sampling/share-window.js';
import { commandProbe } from './command.spawn.js';
import type { Probe } from './probe.js';

const CPU_SPAN_MS = 5_000;
const SELDOM_MS = 30_000;
const NOT_TRIED = ' (not tried)';

interface ElsewhereDeps {
  /** No input for so long: away. */
  readonly awayAfterMs: number;
  readonly sense: (signal: PresenceSignal) => void;
  readonly wallMs: () => number;
}

/** By other names than Node.js has for them. */
const names: ReadonlyMap<NodeJS.Platform, string> = new Map([
  ['darwin', 'macOS'],
  ['win32', 'Windows'],
]);
/** What is folded from several, or told of one of several alone. */
const besides: ReadonlySet<Signal> = new Set(['presence', 'app.running', 'disk.free']);

export function probesElsewhere(platform: NodeJS.Platform, deps: ElsewhereDeps): Probe[] {
  const asked = [
    cpuElsewhere(),
    coresElsewhere(),
    memoryElsewhere(),
    bootElsewhere(),
    ...own(platform, deps),
  ];
  return [...asked, unasked(platform, asked)].map(notTried);
}

function unasked(platform: NodeJS.Platform, asked: readonly Probe[]): Probe {
  const told = new Set(asked.flatMap(({ subjects }) => subjects.map(({ signal }) => signal)));
  const untold = (Object.keys(signals) as Signal[]).filter(
    (signal) => !told.has(signal) && !besides.has(signal),
  );
  const source = names.get(platform) ?? platform;
  const value = unknownValue(`Lull has no sensor for it on ${source}`);
  const subjects = untold.map(machineWide);
  const measure = (): ReturnType<Probe['measure']> =>
    subjects.map((subject) => measurement(subject, source, value));
  return { name: source, subjects, everyMs: SELDOM_MS, measure };
}

/** What it says, by a source that says that nobody could try it. */
export function notTried(probe: Probe): Probe {
  const marked = (measured: readonly Measurement[]): Measurement[] =>
    measured.map((each) => ({ ...each, source: `${each.source}${NOT_TRIED}` }));
  return {
    name: `${probe.name}${NOT_TRIED}`,
    get subjects() {
      return probe.subjects;
    },
    everyMs: probe.everyMs,
    measure: (at) => {
      const measured = probe.measure(at);
      return measured instanceof Promise ? measured.then(marked) : marked(measured);
    },
  };
}

function own(platform: NodeJS.Platform, deps: ElsewhereDeps): Probe[] {
  if (platform === 'darwin') return macProbes(deps);
  return platform === 'win32' ? windowsProbes(deps) : [];
}

function macProbes(deps: ElsewhereDeps): Probe[] {
  const ioreg = ['ioreg', '-r', '-d', '1', '-c', 'IOHIDSystem'] as const;
  return [
    idleProbe(ioreg, ['seat'], hidIdleMs, deps),
    idleProbe(['who', '-u'], ['terminals'], whoIdleMs, deps),
    commandProbe({
      command: ['pmset', '-g', 'batt'],
      parse: { 'power.ac': macMains, 'power.battery': macCharge },
    }),
    commandProbe({ command: ['pmset', '-g'], parse: { 'power.saver': macSaving } }),
    commandProbe({
      command: ['pmset', '-g', 'assertions'],
      parse: { 'attention.inhibitor': macInhibited },
    }),
    commandProbe({ command: ['pmset', '-g', 'therm'], parse: { thermal: macThermal } }),
  ];
}

function windowsProbes(deps: ElsewhereDeps): Probe[] {
  return [
    idleProbe(['quser'], ['seat', 'terminals'], quserIdleMs, deps),
    batteryElsewhere(),
    commandProbe({
      command: ['powercfg', '/requests'],
      parse: { 'attention.inhibitor': windowsInhibited },
    }),
  ];
}

/** Presence by a command that prints for how long nobody has touched anything. */
function idleProbe(
  command: readonly [string, ...string[]],
  places: readonly Place[],
  idleMsOf: (text: string) => number | undefined,
  { awayAfterMs, sense, wallMs }: ElsewhereDeps,
): Probe {
  const provider = `${command[0]}${NOT_TRIED}`;
  const startedAtMs = wallMs();
  const verdictOf = (text: string): Verdict => {
    const idleMs = idleMsOf(text);
    if (idleMs === undefined) {
      return { kind: 'unknown', why: `${command[0]} prints what is not understood` };
    }
    if (idleMs < awayAfterMs) return { kind: 'engaged' };
    // Where nobody was at a terminal at all, nobody was since we look.
    return { kind: 'away', sinceMs: idleMs === Infinity ? startedAtMs : wallMs() - idleMs };
  };
  return commandProbe({
    command,
    parse: {},
    take: (text, why) => {
      const verdict: Verdict = text === undefined ? { kind: 'unknown', why } : verdictOf(text);
      sense({ provider, rank: 'sensed', places, verdict, onClockNow: true });
    },
  });
}

function cpuElsewhere(): Probe {
  const subject = machineWide('cpu.busy');
  let window = emptyWindow;
  return {
    name: 'os.cpus',
    subjects: [subject],
    everyMs: 0,
    measure: ({ monotonicMs: atMs }) => {
      let [part, whole] = [0, 0];
      for (const { times } of cpus()) {
        const total = times.user + times.nice + times.sys + times.idle + times.irq;
        whole += total;
        part += total - times.idle;
      }
      window = withSample(window, { atMs, part, whole }, CPU_SPAN_MS);
      return [measurement(subject, 'os.cpus', shareValue('cpu.busy', shareOf(window)))];
    },
  };
}

function coresElsewhere(): Probe {
  const subject = machineWide('cpu.cores');
  const value = numberValue('cpu.cores', availableParallelism());
  const source = 'os.availableParallelism';
  const measure = (): ReturnType<Probe['measure']> => [measurement(subject, source, value)];
  return { name: source, subjects: [subject], everyMs: SELDOM_MS, measure };
}

function bootElsewhere(): Probe {
  const subject = machineWide('boot.at');
  return {
    name: 'os.uptime',
    subjects: [subject],
    everyMs: SELDOM_MS,
    measure: ({ wallMs }) => {
      const value = numberValue('boot.at', wallMs - uptime() * 1_000);
      return [measurement(subject, 'os.uptime', value)];
    },
  };
}

function memoryElsewhere(): Probe {
  const subject = machineWide('memory.used');
  return {
    name: 'systeminformation',
    subjects: [subject],
    everyMs: SELDOM_MS,
    measure: async () => {
      const { default: si } = await import('systeminformation');
      const { total, available } = await si.mem();
      const value = numberValue('memory.used', (1 - available / total) * 100);
      return [measurement(subject, 'systeminformation', value)];
    },
  };
}

function batteryElsewhere(): Probe {
  const [ac, battery] = [machineWide('power.ac'), machineWide('power.battery')];
  const source = 'systeminformation';
  return {
    name: source,
    subjects: [ac, battery],
    everyMs: SELDOM_MS,
    measure: async () => {
      const { default: si } = await import('systeminformation');
      const { hasBattery, acConnected, percent } = await si.battery();
      const charge = hasBattery
        ? numberValue('power.battery', percent)
        : unknownValue('no battery');
      return [
        measurement(ac, source, flagValue(!hasBattery || acConnected)),
        measurement(battery, source, charge),
      ];
    },
  };
}
