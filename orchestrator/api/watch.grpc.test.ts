// Watching: every entry once and in order, whoever comes when; and nobody waits for a slow reader.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { WatchResponse } from '../../proto/gen/lull/operator/v1/operator.js';
import type { Fact } from '../journal/fact.js';
import { openOperator, type OperatorUnderTest } from './operator.testing.js';
import { until } from '../../runtime/until.testing.js';

let operator: OperatorUnderTest;
let streams: ClientReadableStream<WatchResponse>[];

beforeEach(async () => {
  operator = await openOperator();
  streams = [];
});

afterEach(async () => {
  for (const stream of streams) stream.cancel();
  await operator.close();
});

function note(message: string): Fact {
  return { kind: 'run.notice', runId: 'r', message };
}

function append(...messages: string[]): Promise<void> {
  return operator.rig.ledger.append(messages.map(note));
}

interface Watcher {
  readonly stream: ClientReadableStream<WatchResponse>;
  readonly sequences: number[];
  readonly steps: string[];
  over: boolean;
  error: ServiceError | undefined;
}

function watch(fromSequence: number): Watcher {
  const stream = operator.client.watch({ fromSequence: BigInt(fromSequence) });
  streams.push(stream);
  const watcher: Watcher = { stream, sequences: [], steps: [], over: false, error: undefined };
  stream.on('data', ({ kind }: WatchResponse) => {
    if (kind?.$case === 'entry') watcher.sequences.push(Number(kind.value.sequence));
    if (kind?.$case === 'progress') watcher.steps.push(kind.value.step);
  });
  stream.on('end', () => (watcher.over = true));
  stream.on('error', (error: ServiceError) => {
    watcher.over = true;
    watcher.error = error;
  });
  return watcher;
}

function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

test('entries come once and in order, also those written while older ones are read (W1)', async () => {
  for (let n = 0; n < 1_200; n += 100) await append(...Array<string>(100).fill('x'));
  const watchers = [watch(1), watch(700)];
  for (let n = 0; n < 50; n += 1) {
    await append('y', 'z');
    if (n === 25) watchers.push(watch(1), watch(1_220));
  }
  await until('the last entry', () =>
    watchers.every(({ sequences }) => sequences.at(-1) === 1_300),
  );
  expect(watchers.map(({ sequences }) => sequences)).toEqual([
    upTo(1_300),
    upTo(1_300, 700),
    upTo(1_300),
    upTo(1_300, 1_220),
  ]);
});

test('from 0 on only what comes from now on, with progress, which is not written', async () => {
  await append('before');
  const watcher = watch(0);
  // The stream is there once its progress arrives.
  await until('the stream', () => {
    operator.progress.publish({ runId: 'r', step: 'unpacking', fraction: 0.5 });
    return watcher.steps.length > 0;
  });
  await append('after');
  await until('the entry', () => watcher.sequences.length > 0);
  expect(watcher.sequences).toEqual([2]);
  expect(new Set(watcher.steps)).toEqual(new Set(['unpacking']));
});

test('from an entry to come: nothing before it', async () => {
  const watcher = watch(3);
  await append('a', 'b');
  await append('c', 'd');
  await until('both', () => watcher.sequences.length === 2);
  expect(watcher.sequences).toEqual([3, 4]);
});

test('a reader that falls behind is cut off, and the others get everything (W2)', async () => {
  const [slow, quick] = [watch(1), watch(1)];
  await append('x');
  await until('both', () => slow.sequences.length + quick.sequences.length === 2);
  slow.stream.pause();
  const big = 'x'.repeat(500_000);
  for (let n = 0; n < 60; n += 1) {
    await append(big);
    await until('the quick one', () => quick.sequences.length === n + 2);
  }
  slow.stream.resume();
  await until('the end of the slow one', () => slow.over);
  expect(slow.sequences.length).toBeLessThan(61);
  expect(slow.sequences).toEqual(upTo(slow.sequences.length));
  const again = watch(slow.sequences.length + 1);
  await until('the rest', () => again.sequences.at(-1) === 61);
  expect(again.sequences).toEqual(upTo(61, slow.sequences.length + 1));
});

test('a slow reader of a long past is waited for, and told everything', async () => {
  const big = 'x'.repeat(500_000);
  for (let n = 0; n < 40; n += 1) await append(big);
  const watcher = watch(1);
  await until('the first', () => watcher.sequences.length > 0);
  for (let n = 0; n < 30; n += 1) {
    watcher.stream.pause();
    await new Promise((resolve) => setTimeout(resolve, 5));
    watcher.stream.resume();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until('the last', () => watcher.sequences.length === 40);
  expect(watcher.sequences).toEqual(upTo(40));
  expect(watcher.over).toBe(false);
});

test('a reader that leaves is forgotten', async () => {
  const watcher = watch(1);
  await append('x');
  await until('the entry', () => watcher.sequences.length === 1);
  watcher.stream.cancel();
  await until('the end', () => watcher.over);
  await append('y');
  expect(watcher.sequences).toEqual([1]);
});

test.each(['fails', 'ends early'])(
  'a watch of a journal that %s ends, and says why (W3)',
  async (how) => {
    await append('a', 'b', 'c');
    operator.rig.ledger.read = () =>
      how === 'fails' ? Promise.reject(new Error('the disk is gone')) : Promise.resolve([]);
    const watcher = watch(2);
    await until('the end', () => watcher.over);
    expect(watcher.error?.details).toContain(how === 'fails' ? 'the disk is gone' : 'entry 2');
  },
);
