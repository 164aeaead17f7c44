// What a machine tells of itself over a real nats-server, with a guard that says what the test wants.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HostState } from '../../proto/gen/lull/link/v1/link.js';
import { partitionOf, subjects } from '../../proto/subjects.js';
import { readingKey, type Reading, type Readings, type Value } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { publishState, type StateFeed } from './state.nats.js';

const HOST = 'machine-1';
const EVENT = 'an.event';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';

let directory: string;
let server: NatsServerUnderTest;
let nats: Nats;
let clock: VirtualClock;
let readings: Readings;
let listeners: Set<() => void>;
let wanted: unknown;
let feed: StateFeed;
/** What an orchestrator hears: the signals of each state, or "event". */
let heard: string[];

describeHere(`what a machine tells of itself${missing}`, () => {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lull-st-'));
    server = await startNatsServer({ directory });
    nats = await connectNats({ url: server.url, name: 'test', log: createLog('test', 'silent') });
    nats.connection.subscribe(subjects.state(partitionOf(HOST), HOST), {
      callback: (_error, { data }) => {
        const { snapshot, readings: told } = HostState.decode(data);
        const names = told.map(({ signal }) => signal).join(' ') || 'alive';
        heard.push(snapshot ? `all: ${names}` : names);
      },
    });
    nats.connection.subscribe(EVENT, { callback: () => void heard.push('event') });
    await nats.connection.flush();
  });
  afterAll(async () => {
    await nats.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  beforeEach(() => {
    [heard, readings, listeners, wanted] = [[], new Map(), new Set(), undefined];
    clock = new VirtualClock();
    feed = publishState({
      ...{ nats, clock, hostId: HOST, instanceId: 'one', random: () => 0 },
      machine: {
        get readings() {
          return readings;
        },
        onReadings: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        want: (want) => (wanted = want),
      },
    });
  });
  afterEach(async () => {
    await feed.close();
  });

  test('an edge leaves in the step in which the guard has judged it', async () => {
    see({ presence: away });
    see({ presence: engaged });
    // What the guard told of a pause: whoever hears of it has heard what it was paused for.
    nats.connection.publish(EVENT);
    await until('the event', () => heard.includes('event'));
    expect(heard).toEqual(['presence', 'presence', 'event']);
  });

  test('levels wait for each other, and go along with an edge', async () => {
    see({ presence: away, 'cpu.busy': level(0.1) });
    see({ 'cpu.busy': level(0.2) });
    see({ 'cpu.busy': level(0.3), 'disk.busy': level(0.1) });
    clock.advance(1_000);
    see({ 'cpu.busy': level(0.4) });
    see({ presence: engaged });
    clock.advance(1_000);
    await allHeard();
    expect(heard).toEqual([
      'presence cpu.busy',
      'cpu.busy disk.busy',
      'presence cpu.busy',
      'event',
    ]);
  });

  test('whoever asks is told the whole, and what it wants is watched', async () => {
    see({ presence: away, 'cpu.busy': level(0.1) });
    feed.want({ edgesOnly: false, apps: ['/usr/bin/editor'], diskPaths: ['/srv'] });
    await allHeard();
    expect(heard).toEqual(['presence cpu.busy', 'all: presence cpu.busy', 'event']);
    expect(wanted).toEqual({ edgesOnly: false, apps: ['/usr/bin/editor'], diskPaths: ['/srv'] });
  });

  test('what is gone is told by telling the whole', async () => {
    see({ presence: away, 'disk.free': level(1) });
    readings = new Map([...readings].filter(([key]) => key === 'presence'));
    tell();
    await allHeard();
    expect(heard).toEqual(['presence disk.free', 'all: presence', 'event']);
  });

  test('nothing new is said now and then, and nothing any more once it is closed', async () => {
    see({ presence: away });
    clock.advance(10_000);
    clock.advance(10_000);
    await feed.close();
    clock.advance(60_000);
    see({ presence: engaged });
    await allHeard();
    expect(heard).toEqual(['presence', 'alive', 'alive', 'event']);
  });
});

const engaged: Value = { kind: 'presence', presence: { kind: 'engaged' } };
const away: Value = { kind: 'presence', presence: { kind: 'away', sinceMs: 0 } };

function level(number: number): Value {
  return { kind: 'number', number };
}

function tell(): void {
  for (const listener of listeners) listener();
}

function see(values: Partial<Record<Reading['signal'], Value>>): void {
  const next = new Map(readings);
  for (const [name, value] of Object.entries(values)) {
    const signal = name as Reading['signal'];
    const of = { signal, instance: '', source: 'test', value };
    next.set(readingKey(signal, ''), { ...of, observedAtMs: 0, observedMonotonicNs: 0n });
  }
  readings = next;
  tell();
}

/** Everything that was published has come back. */
async function allHeard(): Promise<void> {
  nats.connection.publish(EVENT);
  await until('the event', () => heard.includes('event'));
}
