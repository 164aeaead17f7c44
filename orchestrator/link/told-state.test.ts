// A machine's state over a network that loses messages.

import { describe, expect, test } from '@jest/globals';
import type { Readings, Value } from '../../conditions/reading.js';
import { fallSilent, hearState, type StateMessage, type ToldState } from './told-state.js';

function cores(number: number): Readings {
  const at = { observedAtMs: 1, observedMonotonicNs: 1n, source: 'test', instance: '' };
  return new Map([
    ['cpu.cores', { ...at, signal: 'cpu.cores', value: { kind: 'number', number } }],
  ]);
}

function message(over: Partial<StateMessage>): StateMessage {
  return { instanceId: 'a', sequence: 1, snapshot: false, isChange: true, ...over };
}

const told: ToldState = { instanceId: 'a', sequence: 3, readings: cores(4), isWhole: true };

function valueIn(state: ToldState | undefined): Value | undefined {
  return state?.readings.get('cpu.cores')?.value;
}

describe('a message', () => {
  test.each<[string, ToldState | undefined, StateMessage, Value | undefined, boolean | undefined]>([
    ['a snapshot is the whole', undefined, message({ snapshot: true, sequence: 9 }), n(8), true],
    ['the next change is laid over it', told, message({ sequence: 4 }), n(8), true],
    ['a sign of life changes nothing', told, message({ sequence: 3, isChange: false }), n(4), true],
    ['a change behind a gap makes it unknown', told, message({ sequence: 5 }), lost(), false],
    [
      'a sign of life behind a gap makes it unknown',
      told,
      message({ sequence: 4, isChange: false }),
      lost(),
      false,
    ],
    ['a change of the past is left alone', told, message({ sequence: 2 }), undefined, undefined],
    [
      'a snapshot of the past is left alone',
      told,
      message({ sequence: 2, snapshot: true }),
      undefined,
      undefined,
    ],
    [
      'another instance has to tell the whole',
      told,
      message({ instanceId: 'b', sequence: 4 }),
      lost(),
      false,
    ],
    [
      'nothing but a snapshot ends a gap',
      { ...told, isWhole: false },
      message({ sequence: 4 }),
      lost(),
      false,
    ],
    [
      'and it does',
      { ...told, isWhole: false },
      message({ sequence: 4, snapshot: true }),
      n(8),
      true,
    ],
  ])('%s', (_what, before, heard, value, isWhole) => {
    const after = hearState(before, heard, () => cores(8));
    expect(valueIn(after)).toEqual(value);
    expect(after?.isWhole).toBe(isWhole);
  });

  test('a host that fell silent is unknown until it tells the whole', () => {
    const silent = fallSilent(told);
    expect(valueIn(silent)).toEqual({ kind: 'unknown', why: 'the host is silent' });
    expect(hearState(silent, message({ sequence: 4 }), () => cores(8))?.isWhole).toBe(false);
  });
});

function n(number: number): Value {
  return { kind: 'number', number };
}

function lost(): Value {
  return { kind: 'unknown', why: 'some of what the host told was lost' };
}
