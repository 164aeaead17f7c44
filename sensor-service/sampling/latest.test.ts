import { expect, test } from '@jest/globals';
import type { Reading } from '../../conditions/reading.js';
import { readingFromWire, readingToWire } from '../../proto/wire/reading.js';
import { createAccounts } from './accounts.js';
import { createLatest, type Latest } from './latest.js';

const engaged: Reading = {
  signal: 'presence',
  instance: '',
  observedAtMs: 0,
  observedMonotonicNs: 0n,
  source: 'test',
  value: { kind: 'presence', presence: { kind: 'engaged' } },
};

test('a listener that throws ends nothing, is told, and keeps nobody else from hearing of the edge', () => {
  const said: unknown[] = [];
  const latest = createLatest((error) => said.push(error));
  const heard: string[] = [];
  latest.listen(() => heard.push('first'));
  latest.listen(() => {
    throw new Error('broken');
  });
  latest.listen(() => heard.push('third'));
  // A timer tells of a report that has expired: what is thrown there ends the process.
  latest.put([engaged]);
  expect(said).toEqual([new Error('broken')]);
  expect(heard).toEqual(['first', 'third']);
});

test('load that has not clearly fallen is told as what it was, also over the wire', () => {
  const latest = createLatest(() => undefined);
  const told: Reading[] = [];
  latest.listen((changes) => told.push(...changes));
  for (const number of [30, 28, 2]) {
    const value = { kind: 'number', number } as const;
    latest.put([{ ...engaged, signal: 'cpu.busy', value }]);
  }
  expect(told.map(({ value }) => value)).toEqual([
    { kind: 'number', number: 30 },
    { kind: 'number', number: 28, held: 30 },
    { kind: 'number', number: 2, held: 2.5 },
  ]);
  expect(told.map((each) => readingFromWire(readingToWire(each)))).toEqual(told);
  expect(latest.readings.get('cpu.busy')?.value).toMatchObject({ held: 2.5 });
});

test('who stopped listening hears nothing more', () => {
  const latest = createLatest(() => undefined);
  let count = 0;
  const stop = latest.listen(() => (count += 1));
  latest.put([engaged]);
  stop();
  latest.put([engaged]);
  expect(count).toBe(1);
});

test('who has to hear most often is told first, whoever came first', () => {
  const latest = createLatest(() => undefined);
  const heard: string[] = [];
  latest.listen(() => heard.push('whenever'));
  latest.listen(() => heard.push('orchestrator'), 10_000);
  latest.listen(() => heard.push('guard'), 200);
  latest.listen(() => heard.push('another guard'), 200);
  latest.put([engaged]);
  expect(heard).toEqual(['guard', 'another guard', 'orchestrator', 'whenever']);
});

test('what nobody asks about any more is told once, and not kept', () => {
  const latest = createLatest(() => undefined);
  const heard: string[] = [];
  latest.listen((changes) => {
    for (const { instance, value } of changes) heard.push(`${instance} ${value.kind}`);
  });
  const { put, forget } = createAccountsOn(latest);
  for (let version = 0; version < 1_000; version += 1) {
    const app = { ...engaged, signal: 'app.running', instance: `/opt/${String(version)}` } as const;
    put([{ ...app, value: { kind: 'flag', flag: true } }]);
    forget([{ ...app, value: { kind: 'unknown', why: 'no update asks about it' } }]);
  }
  expect(heard.slice(-2)).toEqual(['/opt/999 flag', '/opt/999 unknown']);
  expect(latest.readings.size).toBe(0);
  // Of what is asked about again, nothing of before counts.
  const last = { ...engaged, signal: 'app.running', instance: '/opt/1' } as const;
  put([{ ...last, value: { kind: 'unknown', why: 'not looked at yet' } }]);
  expect(latest.readings.get('app.running:/opt/1')?.value).toMatchObject({
    why: 'not looked at yet',
  });
});

function createAccountsOn(latest: Latest): Pick<Latest, 'put' | 'forget'> {
  const accounts = createAccounts(latest.put, latest.forget);
  const [, second] = [accounts.source(), accounts.source()];
  return { put: second, forget: accounts.forget };
}
