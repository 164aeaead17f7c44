// Readings: what the sensor-service says of the machine, and how the rest of Lull looks it up.
//
// Invariant: a signal that is absent and a signal that is `unknown` are treated alike by whoever
// judges; nothing is ever assumed in its place.

/** Whether a person uses the machine. */
export type Presence =
  | { readonly kind: 'engaged' }
  /**
   * `sinceMs`: the last sign of a person, ms since the epoch. `locked`: the screen is locked, or
   * shows the login: then less waiting is enough. `dark`: it is dark, or a screen saver is on, and not
   * locked: then some less is.
   */
  | {
      readonly kind: 'away';
      readonly sinceMs: number;
      readonly locked?: true;
      readonly dark?: true;
    };

export type Value =
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'flag'; readonly flag: boolean }
  /** `held`: what a share of time counts as, where it was higher a while ago (steady.ts). */
  | { readonly kind: 'number'; readonly number: number; readonly held?: number }
  /** One of the signal's words. */
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'presence'; readonly presence: Presence };

/** Every signal there is, what kind of value it has, and in which unit. */
export const signals = {
  presence: { kind: 'presence', unit: '', doc: 'Whether a person uses the machine.' },
  'power.ac': { kind: 'flag', unit: '', doc: 'On mains, or a machine without a battery.' },
  'power.battery': { kind: 'number', unit: '%', doc: 'Charge of the system battery.' },
  'cpu.busy': { kind: 'number', unit: '%', doc: 'CPU time not idle, of all cores.' },
  'cpu.cores': { kind: 'number', unit: '', doc: 'Cores that this machine may use.' },
  'pressure.cpu': { kind: 'number', unit: '%', doc: 'Time in which some task waited for CPU.' },
  'pressure.io': { kind: 'number', unit: '%', doc: 'Time in which some task waited for a disk.' },
  'pressure.memory': {
    kind: 'number',
    unit: '%',
    doc: 'Time in which some task waited for memory.',
  },
  'memory.used': { kind: 'number', unit: '%', doc: 'Memory that is not available.' },
  'disk.busy': { kind: 'number', unit: '%', doc: 'Time in which the busiest disk had work.' },
  'disk.rotating': { kind: 'flag', unit: '', doc: 'Whether any disk has moving parts.' },
  'disk.free': { kind: 'number', unit: 'B', doc: 'Free for ordinary users, per file system.' },
  'power.saver': { kind: 'flag', unit: '', doc: 'Whether a power saver mode is on.' },
  thermal: { kind: 'word', unit: '', doc: 'nominal, moderate, serious or critical.' },
  'network.metered': { kind: 'word', unit: '', doc: 'no, guess-no, guess-yes or yes.' },
  'network.tethered': {
    kind: 'flag',
    unit: '',
    doc: 'Whether the network is a phone that shares.',
  },
  'network.connectivity': { kind: 'word', unit: '', doc: 'none, portal, limited or full.' },
  'network.others': {
    kind: 'number',
    unit: 'B/s',
    doc: 'Received or sent by network devices over 5 s, the more of both, what Lull itself fetches with it.',
  },
  'attention.fullscreen': { kind: 'flag', unit: '', doc: 'Whether a window fills the screen.' },
  'attention.inhibitor': { kind: 'flag', unit: '', doc: 'Whether a program keeps idle away.' },
  'attention.game': {
    kind: 'flag',
    unit: '',
    doc: 'Whether a game asked for all the machine has.',
  },
  'attention.call': { kind: 'flag', unit: '', doc: 'Whether a microphone or a camera is in use.' },
  'attention.sharing': { kind: 'flag', unit: '', doc: 'Whether a screen is shared.' },
  'attention.playing': { kind: 'flag', unit: '', doc: 'Whether sound or video plays.' },
  'session.remote': {
    kind: 'flag',
    unit: '',
    doc: 'Whether an SSH or terminal session was active in the last 10 min.',
  },
  'app.running': { kind: 'flag', unit: '', doc: 'Whether a program runs, per executable.' },
  'lock.held': {
    kind: 'flag',
    unit: '',
    doc: "Whether a package manager's lock is held, per name.",
  },
  'boot.at': { kind: 'number', unit: 'ms', doc: 'When the machine started, since the epoch.' },
  'setup.at': { kind: 'number', unit: 'ms', doc: 'When the machine was set up, since the epoch.' },
  'resume.at': { kind: 'number', unit: 'ms', doc: 'When it woke last, since the epoch.' },
  'login.at': { kind: 'number', unit: 'ms', doc: 'When somebody logged in last, since the epoch.' },
} as const satisfies Record<string, { kind: Value['kind']; unit: string; doc: string }>;

/** What a present person must not be disturbed in, and what a still person may be absorbed in. */
export const attentionSignals = [
  'attention.fullscreen',
  'attention.inhibitor',
  'attention.game',
  'attention.call',
  'attention.sharing',
  'attention.playing',
] as const satisfies readonly (keyof typeof signals)[];
export type AttentionSignal = (typeof attentionSignals)[number];

/** From the coolest to the hottest. */
export const thermalWords = ['nominal', 'moderate', 'serious', 'critical'] as const;
export type ThermalWord = (typeof thermalWords)[number];

export type Signal = keyof typeof signals;

/** Signals measured in percent: those that a threshold can be put on. */
export const percentSignals = [
  'cpu.busy',
  'pressure.cpu',
  'pressure.io',
  'pressure.memory',
  'memory.used',
  'disk.busy',
] as const satisfies readonly Signal[];

export type PercentSignal = (typeof percentSignals)[number];

export interface Reading {
  readonly signal: Signal;
  /** What it is about where there are several (a path); empty for the machine. */
  readonly instance: string;
  readonly observedAtMs: number;
  /** CLOCK_MONOTONIC, comparable inside one machine only. */
  readonly observedMonotonicNs: bigint;
  readonly source: string;
  readonly value: Value;
}

/** Why a level is unknown while nothing could start, however quiet the machine were. */
export const AT_REST = 'not measured while nothing that waits could start';

export type Readings = ReadonlyMap<string, Reading>;

const names: ReadonlyMap<string, Signal> = new Map(
  (Object.keys(signals) as Signal[]).map((signal) => [signal, signal]),
);

/** The signal of that name as it stands here: what comes from afar brings a text of its own each time. */
export function signalNamed(name: string): Signal | undefined {
  return names.get(name);
}

export function readingKey(signal: Signal, instance = ''): string {
  return instance === '' ? signal : `${signal}:${instance}`;
}

/** The value of a signal; `unknown` where there is none. */
export function valueOf(readings: Readings, signal: Signal, instance = ''): Value {
  const value = readings.get(readingKey(signal, instance))?.value;
  if (value !== undefined) return value;
  return (instance === '' ? absent.get(signal) : undefined) ?? absentValue(signal, instance);
}

function absentValue(signal: Signal, instance: string): Value {
  return { kind: 'unknown', why: `no sensor reports ${readingKey(signal, instance)}` };
}

/** What is asked most often on a machine that lacks a sensor is said without making it anew. */
const absent: ReadonlyMap<Signal, Value> = new Map(
  (Object.keys(signals) as Signal[]).map((signal) => [signal, absentValue(signal, '')]),
);

/** `readings` with `changes` laid over them. */
export function withReadings(readings: Readings, changes: Iterable<Reading>): Readings {
  const next = new Map(readings);
  for (const reading of changes) next.set(readingKey(reading.signal, reading.instance), reading);
  return next;
}

/** Every reading turned unknown, for when their source has gone. */
export function silenced(readings: Readings, why: string): Readings {
  return new Map(
    [...readings].map(([key, reading]) => [key, { ...reading, value: { kind: 'unknown', why } }]),
  );
}

/** Whether both say the same, whenever it was observed. */
export function sameValue(a: Value, b: Value): boolean {
  switch (a.kind) {
    case 'unknown':
      return b.kind === 'unknown' && a.why === b.why;
    case 'flag':
      return b.kind === 'flag' && a.flag === b.flag;
    case 'number':
      return b.kind === 'number' && Object.is(a.number, b.number) && Object.is(a.held, b.held);
    case 'word':
      return b.kind === 'word' && a.word === b.word;
    case 'presence':
      return b.kind === 'presence' && samePresence(a.presence, b.presence);
  }
}

function samePresence(a: Presence, b: Presence): boolean {
  if (a.kind === 'engaged' || b.kind === 'engaged') return a.kind === b.kind;
  return Object.is(a.sinceMs, b.sinceMs) && a.locked === b.locked && a.dark === b.dark;
}
