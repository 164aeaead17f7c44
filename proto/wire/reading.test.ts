// What a machine of a fleet says of itself, from the wire: bounded, and safe to show (T17).

import { describe, expect, test } from '@jest/globals';
import type { Reading, Value } from '../../conditions/reading.js';
import { HostState } from '../gen/lull/link/v1/link.js';
import { applyReadings, readingToWire, READINGS_MAX } from './reading.js';

/** What would clear the screen of whoever reads it, name its window, and turn the text around. */
const EVIL = '\u001b[2J\u001b]0;root\u0007\u009b1m\u202e\r\n';
const SAFE = '\ufffd[2J\ufffd]0;root\ufffd\ufffd1m\ufffd\ufffd\ufffd';

/** As it comes from another machine: encoded, and decoded by the generated code. */
function received(reading: Partial<Reading> & { value: Value }): Reading | undefined {
  const told: Reading = {
    ...{ signal: 'thermal', instance: '', source: 'hwmon' },
    ...{ observedAtMs: 1_900_000_000_000, observedMonotonicNs: 7n },
    ...reading,
  };
  const state = HostState.fromPartial({ snapshot: true, readings: [readingToWire(told)] });
  const { snapshot, readings } = HostState.decode(HostState.encode(state).finish());
  return [...applyReadings(new Map(), { snapshot, readings }).values()][0];
}

describe('escapes are not passed on', () => {
  test('in a word', () => {
    expect(received({ value: { kind: 'word', word: EVIL } })?.value).toEqual({
      kind: 'word',
      word: SAFE,
    });
  });

  test('in why a value is not known, which stands in reasons', () => {
    expect(received({ value: { kind: 'unknown', why: EVIL } })?.value).toEqual({
      kind: 'unknown',
      why: SAFE,
    });
  });

  test('in where a value comes from, however often it is told', () => {
    for (let time = 0; time < 2; time += 1) {
      expect(received({ source: EVIL, value: { kind: 'word', word: 'a' } })?.source).toBe(SAFE);
    }
  });

  test('in what a value is about, which is a part of its key', () => {
    const reading = received({ instance: `/${EVIL}`, value: { kind: 'flag', flag: true } });
    expect(reading?.instance).toBe(`/${SAFE}`);
  });
});

test('a text without end is cut', () => {
  const long = 'x'.repeat(100_000);
  const unknown = received({ instance: long, source: long, value: { kind: 'unknown', why: long } });
  const word = received({ value: { kind: 'word', word: long } });
  const [why, said] = [unknown?.value, word?.value].map((value) => {
    if (value?.kind === 'unknown') return value.why;
    return value?.kind === 'word' ? value.word : '';
  });
  expect([unknown?.instance, unknown?.source, why, said].map((text) => text?.length)).toEqual([
    4_096, 256, 512, 64,
  ]);
});

test('what is as it should be comes through as it is', () => {
  const reading = {
    ...({ signal: 'disk.free', instance: '/srv/Büro 漢字', source: 'statfs' } as const),
    value: { kind: 'number', number: 5 } as const,
  };
  expect(received(reading)).toMatchObject(reading);
});

test('a machine that names ever new things is remembered with so many and no more (R2)', () => {
  const named = (instance: string, flag: boolean) => {
    const value: Value = { kind: 'flag', flag };
    return readingToWire({
      ...{ signal: 'app.running', instance, source: 'proc', value },
      ...{ observedAtMs: 1_900_000_000_000, observedMonotonicNs: 7n },
    });
  };
  let told = applyReadings(new Map(), { snapshot: true, readings: [named('first', false)] });
  for (let n = 0; n < 20; n += 1) {
    const readings = Array.from({ length: 500 }, (_, at) =>
      named(`${String(n)}-${String(at)}`, true),
    );
    told = applyReadings(told, { snapshot: false, readings });
  }
  expect(told.size).toBe(READINGS_MAX);
  // What is known goes on being told.
  const after = applyReadings(told, { snapshot: false, readings: [named('first', true)] });
  expect([...after.values()][0]?.value).toEqual({ kind: 'flag', flag: true });
});
