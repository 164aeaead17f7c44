import { expect, test } from '@jest/globals';
import type { Reading, Signal, Value } from '../../conditions/reading.js';
import { createAccounts } from '../sampling/accounts.js';
import { foldAccounts } from './accounts.js';
import { flagValue, unknownValue } from './measurement.js';

const reading = (signal: Signal, value: Value, source: string): Reading => ({
  signal,
  instance: '',
  source,
  value,
  observedAtMs: 1,
  observedMonotonicNs: 1n,
});
const number = (n: number): Value => ({ kind: 'number', number: n });

test.each<[string, Signal, Value, Value, string]>([
  ['one sign of a call is enough', 'attention.call', flagValue(false), flagValue(true), 'b'],
  ['of mains the first who knows', 'power.ac', flagValue(false), flagValue(true), 'a'],
  ['of mains the one who knows', 'power.ac', unknownValue('x'), flagValue(true), 'b'],
  ['of wakings the latest', 'resume.at', number(1), number(2), 'b'],
  ['a no beside an unknown', 'attention.game', unknownValue('x'), flagValue(false), 'b'],
])('%s is believed', (_what, signal, a, b, believed) => {
  expect(foldAccounts([reading(signal, a, 'a'), reading(signal, b, 'b')]).source).toBe(believed);
});

test.each<Signal>([
  ...(['attention.fullscreen', 'attention.game', 'attention.sharing'] as const),
  ...(['attention.playing', 'session.remote', 'app.running', 'lock.held', 'power.saver'] as const),
])('of %s one sign is enough as well', (signal) => {
  const accounts = [false, true].map((flag) => reading(signal, flagValue(flag), String(flag)));
  expect(foldAccounts(accounts as [Reading, ...Reading[]]).source).toBe('true');
});

test.each<Signal>(['setup.at', 'boot.at', 'login.at'])('of %s the latest counts', (signal) => {
  const [early, late] = [reading(signal, number(1), 'a'), reading(signal, number(2), 'b')];
  expect(foldAccounts([early, late]).source).toBe('b');
  expect(foldAccounts([late, early]).source).toBe('b');
});

test('one that does not know is told as it is', () => {
  const one = reading('power.saver', unknownValue('no file'), 'a');
  expect(foldAccounts([one])).toBe(one);
});

test('where nobody knows, everything that hinders is told once', () => {
  const accounts: [Reading, ...Reading[]] = [
    reading('power.saver', unknownValue('no daemon'), 'a'),
    reading('power.saver', unknownValue('no file'), 'b'),
    reading('power.saver', unknownValue('no file'), 'c'),
  ];
  expect(foldAccounts(accounts)).toMatchObject({
    source: 'a, b, c',
    value: unknownValue('no daemon; no file'),
  });
});

test('a source that takes its word back leaves what the others said', () => {
  const published: Reading[] = [];
  const accounts = createAccounts((readings) => published.push(...readings));
  const [logind, veto] = [accounts.source(), accounts.source()];
  logind([reading('attention.inhibitor', flagValue(false), 'logind')]);
  veto([reading('attention.inhibitor', flagValue(true), 'veto')]);
  expect(published.at(-1)?.source).toBe('veto');
  veto([reading('attention.inhibitor', unknownValue('nobody asked'), 'veto')]);
  expect(published.at(-1)).toMatchObject({ source: 'logind', value: flagValue(false) });
});
