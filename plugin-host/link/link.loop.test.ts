// The plugin-host's end of the link, with an orchestrator that comes, goes and forgets to acknowledge.

import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AttachRequest, AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { systemClock, type Clock } from '../../runtime/clock.js';
import { createLog } from '../../runtime/log.js';
import type { LinkCarrier } from './carrier.wire.js';
import type { Report } from './event.wire.js';
import { grpcCarrier } from './link.grpc.js';
import { openLink, type Link } from './link.loop.js';
import { BYTES_MAX } from './outbox.js';
import { startOrchestrator, type TestOrchestrator } from './orchestrator.testing.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';

let directory: string;
let socketPath: string;
let orchestrator: TestOrchestrator;
let link: Link;
let held: string[];
let commands: NonNullable<AttachResponse['kind']>[];
let inJournal: string[];
let refusals: string[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-li-'));
  socketPath = join(directory, 'link.sock');
  [held, commands, inJournal, refusals] = [[], [], [], []];
  orchestrator = await startOrchestrator(socketPath);
  link = open();
});

afterEach(async () => {
  await link.close();
  await orchestrator.close();
  rmSync(directory, { recursive: true });
});

function open(clock: Clock = systemClock, carrier = grpcCarrier(socketPath)): Link {
  const who = { hostId: 'h', instanceId: 'i', diskPath: '/d', bootId: 'b' };
  const onHeard = ({ event }: Report): void => void inJournal.push(event.kind);
  const onRefused = (problem: string): void => void refusals.push(problem);
  return openLink({ ...who, carrier, onHeard, onRefused, clock, log: createLog('test', 'silent') });
}

/** What the link was told before has come to it by now. */
async function heard(): Promise<void> {
  const count = commands.length + 1;
  orchestrator.send({ $case: 'resume', value: { runId: 'r', epoch: 3n } });
  await until('the command', () => commands.length === count);
}

function attach(): void {
  link.attach({
    held: () => held.map((runId) => ({ runId, epoch: 2 })),
    onCommand: (command) => commands.push(command),
  });
}

function report(message: string, runId = 'r'): void {
  link.report({ runId, epoch: 3 }, { kind: 'notice', message });
}

const anEnd = { kind: 'finished', outcome: { kind: 'succeeded' }, outputTail: '' } as const;

function told(): string[] {
  return orchestrator.events.map(({ sequence, kind }) => {
    const message = kind?.$case === 'notice' ? kind.value.message : (kind?.$case ?? '');
    return `${String(sequence)} ${message}`;
  });
}

test('it says who it is and what runs here, and then what happened before, in order (L1)', async () => {
  held = ['r'];
  report('a');
  report('b');
  attach();
  await until('both', () => orchestrator.events.length === 2);
  expect(orchestrator.hellos).toMatchObject([
    { hostId: 'h', instanceId: 'i', bootId: 'b', confinement: '', runIds: ['r'] },
  ]);
  expect(told()).toEqual(['1 a', '2 b']);
  expect(orchestrator.events[0]).toMatchObject({ runId: 'r', epoch: 3n });
  report('c');
  await until('the third', () => orchestrator.events.length === 3);
});

test('commands are handed over in order, and the words of the link itself are not', async () => {
  attach();
  await until('the hello', () => orchestrator.hellos.length === 1);
  orchestrator.send({ $case: 'pause', value: { runId: 'r', epoch: 3n, reasons: ['OPERATOR'] } });
  orchestrator.send({ $case: 'acknowledge', value: { sequence: 9n } });
  orchestrator.send({ $case: 'resume', value: { runId: 'r', epoch: 3n } });
  await until('both', () => commands.length === 2);
  expect(commands.map(({ $case }) => $case)).toEqual(['pause', 'resume']);
});

describe('after the orchestrator was away', () => {
  test('what it had not acknowledged comes again, in order, before what is new (L1)', async () => {
    attach();
    report('a');
    await until('the first', () => orchestrator.events.length === 1);
    // An acknowledgement has to be heard before the connection goes.
    await link.flush(5_000);
    orchestrator.acknowledging = false;
    report('b');
    report('c');
    await until('all three', () => orchestrator.events.length === 3);
    orchestrator.hangUp();
    report('d');
    orchestrator.acknowledging = true;
    await until('the second hello', () => orchestrator.hellos.length === 2);
    await until('the last', () => told().filter((each) => each === '4 d').length > 0);
    expect(told().slice(3)).toEqual(['2 b', '3 c', '4 d']);
  });

  test('a run whose end was not heard is still named: it was not cut', async () => {
    orchestrator.acknowledging = false;
    held = ['r'];
    attach();
    await until('the hello', () => orchestrator.hellos.length === 1);
    link.report({ runId: 'r', epoch: 3 }, anEnd);
    await until('the end', () => orchestrator.events.length === 1);
    held = [];
    orchestrator.acknowledging = true;
    orchestrator.hangUp();
    await until('the second hello', () => orchestrator.hellos.length === 2);
    expect(orchestrator.hellos[1]).toMatchObject({
      runIds: ['r'],
      held: [{ runId: 'r', epoch: 3n }],
    });
    await until('the end again', () => orchestrator.events.length === 2);
    await link.flush(5_000);
    expect(inJournal).toEqual(['finished']);
    orchestrator.hangUp();
    await until('the third hello', () => orchestrator.hellos.length === 3);
    expect(orchestrator.hellos[2]?.runIds).toEqual([]);
  });

  test('a run of which something else waits is not: it may be of an instance before', async () => {
    report('left over', 'cut');
    attach();
    await until('the event', () => orchestrator.events.length === 1);
    expect(orchestrator.hellos[0]?.runIds).toEqual([]);
  });

  test('it is looked for twice a second, however long it is away', async () => {
    await link.close();
    await orchestrator.close();
    const waits: number[] = [];
    const enough = new Promise<void>((resolve) => {
      link = open({
        ...systemClock,
        after: (ms, act) => {
          waits.push(ms);
          if (waits.length === 8) resolve();
          else setImmediate(act);
          return () => undefined;
        },
      });
      attach();
    });
    await enough;
    expect(waits).toEqual([100, 200, 400, 500, 500, 500, 500, 500]);
  });

  test('a new one on the same socket is found by itself', async () => {
    attach();
    await until('the hello', () => orchestrator.hellos.length === 1);
    await orchestrator.close();
    report('while nobody was there');
    orchestrator = await startOrchestrator(socketPath);
    await until('the event', () => orchestrator.events.length === 1);
    expect(told()).toEqual(['1 while nobody was there']);
  });
});

describe('an orchestrator that waits for a run', () => {
  test('which is not here hears a new hello, and what it says meanwhile is heard (L4)', async () => {
    attach();
    await until('the hello', () => orchestrator.hellos.length === 1);
    await heard();
    link.isNotHere('gone');
    await until('the second hello', () => orchestrator.hellos.length === 2);
    await heard();
    report('after it');
    await until('the event', () => orchestrator.events.length === 1);
  });

  test('whose end it has not acknowledged is told nothing new', async () => {
    orchestrator.acknowledging = false;
    attach();
    report('a');
    await until('the event', () => orchestrator.events.length === 1);
    link.isNotHere('r');
    orchestrator.send({ $case: 'acknowledge', value: { sequence: 1n } });
    await link.flush(5_000);
    expect(orchestrator.hellos).toHaveLength(1);
    // Now nothing of it is on its way any more.
    link.isNotHere('r');
    await until('the second hello', () => orchestrator.hellos.length === 2);
  });
});

describe('flushing', () => {
  test('waits until everything was acknowledged', async () => {
    orchestrator.acknowledging = false;
    attach();
    report('a');
    await until('the event', () => orchestrator.events.length === 1);
    let flushed = false;
    const flushing = link.flush(10_000).then(() => (flushed = true));
    await heard();
    expect(flushed).toBe(false);
    orchestrator.send({ $case: 'acknowledge', value: { sequence: 1n } });
    await flushing;
  });

  test('ends after its time, and at once when nobody is there', async () => {
    await link.close();
    const clock = new VirtualClock();
    link = open(clock);
    orchestrator.acknowledging = false;
    report('a');
    await link.flush(600_000);
    attach();
    await until('the event', () => orchestrator.events.length === 1);
    const flushing = link.flush(600_000);
    clock.advance(600_000);
    await flushing;
    expect(told()).toEqual(['1 a']);
  });
});

interface KeptStream extends EventEmitter {
  readonly told: AttachRequest[];
  write(message: AttachRequest): boolean;
  end(): void;
}

const welcome = { kind: { $case: 'welcome', value: {} } } as const;

/** One whose streams say what the test lets them say. */
function keepingCarrier(): { readonly streams: KeptStream[]; readonly carrier: LinkCarrier } {
  const streams: KeptStream[] = [];
  const carrier: LinkCarrier = {
    attach: () => {
      const told: AttachRequest[] = [];
      const write = (message: AttachRequest): boolean => told.push(message) > 0;
      const stream = Object.assign(new EventEmitter(), { told, write, end: () => undefined });
      streams.push(stream);
      return stream;
    },
    readBundle: () => {
      throw new Error('nobody asks for one');
    },
    retryMsMax: 1_000,
    close: () => undefined,
  };
  return { streams, carrier };
}

describe('over a carrier that keeps what it was given', () => {
  test('what becomes known between a hello and its welcome is told after it', async () => {
    const { streams, carrier } = keepingCarrier();
    const slow = open(systemClock, carrier);
    slow.attach({ held: () => [], onCommand: () => undefined });
    const confinement = {
      ...({ level: 'sealed', runtime: 'runc', cgroups: 'v2', trials: [], limits: [] } as const),
    };
    slow.confines(confinement);
    slow.report({ runId: 'r', epoch: 3 }, { kind: 'notice', message: 'a' });
    expect(streams[0]?.told.map(({ kind }) => kind?.$case)).toEqual(['hello']);
    streams[0]?.emit('data', welcome);
    expect(streams[0]?.told.map(({ kind }) => kind?.$case)).toEqual([
      ...['hello', 'confinement', 'event'],
    ]);
    slow.confines(confinement);
    expect(streams[0]?.told).toHaveLength(3);
    await slow.close();
  });

  test('a stop does not wait for an orchestrator, and what none has heard is said anew', async () => {
    const { streams, carrier } = keepingCarrier();
    const kept = open(systemClock, carrier);
    kept.attach({ held: () => [], onCommand: () => undefined });
    streams[0]?.emit('data', welcome);
    kept.report({ runId: 'r', epoch: 3 }, anEnd);
    const flushing = kept.flush(600_000);
    streams[0]?.emit('stored', 1);
    await flushing;
    streams[0]?.emit('error', new Error('the connection was lost'));
    await until('a new one', () => streams.length === 2);
    streams[1]?.emit('data', welcome);
    const kinds = streams.map(({ told }) => told.map(({ kind }) => kind?.$case));
    expect(kinds).toEqual([
      ['hello', 'event'],
      ['hello', 'event'],
    ]);
    expect(streams[1]?.told[0]).toMatchObject({ kind: { value: { runIds: ['r'] } } });
    await kept.close();
  });
});

describe('a bundle', () => {
  test('is read chunk by chunk', async () => {
    const chunks: string[] = [];
    for await (const chunk of link.readBundle('ab', new AbortController().signal)) {
      chunks.push(Buffer.from(chunk).toString());
    }
    expect(chunks).toEqual(['ab0', 'ab1', 'ab2']);
  });

  test('that nobody wants any more is not read on', async () => {
    const over = new AbortController();
    const reading = (async () => {
      for await (const chunk of link.readBundle('endless', over.signal)) {
        if (Buffer.from(chunk).toString() === 'endless2') over.abort();
      }
    })();
    await expect(reading).rejects.toThrow(/[Cc]ancel/);
    await until('the end of it', () => !orchestrator.reading.has('endless'));
  });
});

test('closed is closed: nothing is sent, and nothing tries again', async () => {
  await link.close();
  const clock = new VirtualClock();
  link = open(clock);
  attach();
  await until('the hello', () => orchestrator.hellos.length === 1);
  await link.close();
  await link.close();
  report('late');
  clock.advance(600_000);
  await until('the end of the connection', () => orchestrator.connectionCount === 0);
  expect({ hellos: orchestrator.hellos.length, events: told() }).toEqual({ hellos: 1, events: [] });
});

describe('an orchestrator that takes things in slowly (T23)', () => {
  test('gets all of it, in order, as it reads on', async () => {
    attach();
    await until('the hello', () => orchestrator.hellos.length === 1);
    orchestrator.hold();
    const long = 'x'.repeat(50_000);
    for (let each = 0; each < 200; each += 1) report(long);
    await heard();
    expect(orchestrator.events.length).toBeLessThan(200);
    orchestrator.readOn();
    await until('all of it', () => orchestrator.events.length === 200);
    expect(orchestrator.events.map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: 200 }, (_, n) => n + 1),
    );
  });

  test('makes whoever brings facts about wait, until it has acknowledged some', async () => {
    orchestrator.acknowledging = false;
    attach();
    const over = new AbortController();
    const inTime = { room: 0, given: 0 };
    const ask = (signal: AbortSignal, what: keyof typeof inTime) =>
      link.room(signal).then(() => (inTime[what] += 1));
    await ask(over.signal, 'room');
    const long = 'x'.repeat(BYTES_MAX / 20);
    for (let each = 0; each < 10; each += 1) report(long);
    const asked = [ask(new AbortController().signal, 'room'), ask(over.signal, 'given')];
    await until('the last', () => orchestrator.events.length === 10);
    expect(inTime).toEqual({ room: 1, given: 0 });
    over.abort();
    await asked[1];
    expect(inTime).toEqual({ room: 1, given: 1 });
    orchestrator.send({ $case: 'acknowledge', value: { sequence: 1n } });
    await asked[0];
  });
});

test('refused, it says why to whoever asks how this machine is, and what to do, and does not come again', async () => {
  const clock = new VirtualClock();
  await link.close();
  link = open(clock);
  attach();
  await until('attached', () => orchestrator.hellos.length === 1);
  const message = 'another machine goes by this name.';
  orchestrator.send({ $case: 'refused', value: { reason: 'HOST_DUPLICATE', message } });
  await until('refused', () => refusals.length === 1);
  expect(refusals[0]).toMatch(/another machine goes by this name\. .* started anew/);
  await until('gone', () => orchestrator.connectionCount === 0);
  clock.advance(60_000);
  expect(orchestrator.hellos).toHaveLength(1);
});
