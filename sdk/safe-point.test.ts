import { beforeEach, expect, test } from '@jest/globals';
import { SafePoint } from './safe-point.js';

const never = new AbortController().signal;
let safePoint: SafePoint;
let log: string[];

beforeEach(() => {
  safePoint = new SafePoint();
  log = [];
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

function note(promise: Promise<void>, word: string): void {
  promise.then(
    () => log.push(word),
    () => log.push(`${word} cut`),
  );
}

test('nobody asked: the run goes on', async () => {
  await safePoint.reach(never);
});

test('who asked is answered when the run stands, and the run waits for its resume', async () => {
  note(safePoint.ask(), 'answered');
  await settle();
  expect(log).toEqual([]);
  note(safePoint.reach(never), 'went on');
  await settle();
  expect(log).toEqual(['answered']);
  safePoint.resume();
  await settle();
  expect(log).toEqual(['answered', 'went on']);
  await safePoint.reach(never);
});

test('asked again while it stands is answered at once', async () => {
  note(safePoint.reach(never), 'went on');
  await settle();
  note(safePoint.ask(), 'first');
  note(safePoint.reach(never), 'went on again');
  note(safePoint.ask(), 'second');
  await settle();
  expect(log).toEqual(['went on', 'first', 'second']);
});

test('resumed before it stood does not stand', async () => {
  note(safePoint.ask(), 'answered');
  safePoint.resume();
  await safePoint.reach(never);
  expect(log).toEqual(['answered']);
});

test('a run that ends answers whoever asked (P1)', async () => {
  note(safePoint.ask(), 'answered');
  safePoint.end();
  await settle();
  expect(log).toEqual(['answered']);
});

test('cut while it stands throws there, and stands no more', async () => {
  const cut = new AbortController();
  note(safePoint.ask(), 'answered');
  note(safePoint.reach(cut.signal), 'stood');
  cut.abort(new Error('the host cut the call'));
  await settle();
  expect(log).toEqual(['answered', 'stood cut']);
});
