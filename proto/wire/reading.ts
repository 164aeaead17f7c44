// Readings on the wire and in the core. Generated types stop here.
//
// Invariants:
//   R1. What a machine says as text is cleaned and cut here, before anybody judges or shows it (T17): it
//       stands in reasons, in journals and on the terminals of operators.
//   R2. Of one machine so many readings are kept and no more, whatever it says: what is left out is not known,
//       and closes what it is asked for.

import {
  readingKey,
  signalNamed,
  type Presence,
  type Reading,
  type Readings,
  type Value,
} from '../../conditions/reading.js';
import { displayText } from '../../conditions/words.js';
import type {
  Reading as WireReading,
  Presence as WirePresence,
} from '../gen/lull/sensor/v1/sensor.js';

/** A path, where it is one of a file. */
const INSTANCE_CHARS_MAX = 4_096;
const SOURCE_CHARS_MAX = 256;
const WHY_CHARS_MAX = 512;
const WORD_CHARS_MAX = 64;
/** More than twice of what a machine senses that is asked for as much as it can be. */
export const READINGS_MAX = 1_024;

export function readingToWire(reading: Reading): WireReading {
  return {
    signal: reading.signal,
    instance: reading.instance,
    observedAtUnixMs: BigInt(Math.round(reading.observedAtMs)),
    observedMonotonicNs: reading.observedMonotonicNs,
    source: reading.source,
    value: valueToWire(reading.value),
    held: reading.value.kind === 'number' ? reading.value.held : undefined,
  };
}

/** The reading, or undefined for a signal that this version does not know. */
export function readingFromWire(wire: WireReading): Reading | undefined {
  const signal = signalNamed(wire.signal);
  if (signal === undefined) return undefined;
  return {
    signal,
    instance: displayText(wire.instance, INSTANCE_CHARS_MAX), // R1
    observedAtMs: Number(wire.observedAtUnixMs),
    observedMonotonicNs: wire.observedMonotonicNs,
    source: sourceNamed(wire.source),
    value: withHeld(valueFromWire(wire.value), wire.held),
  };
}

/** Sources that were heard of, as one text each: every machine names the same few. */
const sources = new Map<string, string>();
const SOURCES_MAX = 256;

function sourceNamed(told: string): string {
  const text = displayText(told, SOURCE_CHARS_MAX); // R1
  const known = sources.get(text);
  if (known === undefined && sources.size < SOURCES_MAX) sources.set(text, text);
  return known ?? text;
}

/** What a WatchState message makes of the readings before it. */
export function applyReadings(
  before: Readings,
  message: { snapshot: boolean; readings: readonly WireReading[] },
): Readings {
  const next = new Map<string, Reading>();
  // Copying it as a whole takes an array for each entry, a thousand times a second in a fleet.
  if (!message.snapshot) before.forEach((reading, key) => next.set(key, reading));
  for (const wire of message.readings) {
    const reading = readingFromWire(wire);
    if (reading === undefined) continue;
    const key = readingKey(reading.signal, reading.instance);
    if (next.size < READINGS_MAX || next.has(key)) next.set(key, reading); // R2
  }
  return next;
}

function withHeld(value: Value, held: number | undefined): Value {
  return value.kind === 'number' && held !== undefined ? { ...value, held } : value;
}

function valueToWire(value: Value): WireReading['value'] {
  switch (value.kind) {
    case 'unknown':
      return { $case: 'unknown', value: { why: value.why } };
    case 'flag':
      return { $case: 'flag', value: value.flag };
    case 'number':
      return { $case: 'number', value: value.number };
    case 'word':
      return { $case: 'word', value: value.word };
    case 'presence':
      return { $case: 'presence', value: { kind: presenceToWire(value.presence) } };
  }
}

function presenceToWire(presence: Presence) {
  return presence.kind === 'engaged'
    ? ({ $case: 'engaged', value: {} } as const)
    : ({
        $case: 'away',
        value: {
          sinceUnixMs: BigInt(Math.round(presence.sinceMs)),
          locked: presence.locked ?? false,
          dark: presence.dark ?? false,
        },
      } as const);
}

/** Of thousands of machines that say the same. */
const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

function valueFromWire(wire: WireReading['value']): Value {
  switch (wire?.$case) {
    case 'unknown':
      return { kind: 'unknown', why: displayText(wire.value.why, WHY_CHARS_MAX) }; // R1
    case 'flag':
      return wire.value ? yes : no;
    case 'number':
      return { kind: 'number', number: wire.value };
    case 'word':
      return { kind: 'word', word: displayText(wire.value, WORD_CHARS_MAX) }; // R1
    case 'presence':
      return presenceFromWire(wire.value);
    case undefined:
      return { kind: 'unknown', why: 'the sensor sent a value of an unknown kind' };
  }
}

function presenceFromWire(wire: WirePresence): Value {
  switch (wire.kind?.$case) {
    case 'engaged':
      return { kind: 'presence', presence: { kind: 'engaged' } };
    case 'away': {
      const { sinceUnixMs, locked, dark } = wire.kind.value;
      const screen = {
        ...(locked ? { locked: true as const } : {}),
        ...(dark ? { dark: true as const } : {}),
      };
      return {
        kind: 'presence',
        presence: { kind: 'away', sinceMs: Number(sinceUnixMs), ...screen },
      };
    }
    case undefined:
      return { kind: 'unknown', why: 'the sensor sent a presence of an unknown kind' };
  }
}
