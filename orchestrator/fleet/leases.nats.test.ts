// Who leads what, agreed on over a real server. Its time is the test's: a round of each orchestrator is
// 400 ms, and everything that the server sends in answer to it has arrived before the next.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jetstreamManager, StorageType } from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { LEASES_BUCKET } from '../../proto/subjects.js';
import { DeadlineError } from '../../runtime/deadline.js';
import { createLog, type Log } from '../../runtime/log.js';
import {
  natsServerProgram,
  startNatsServer,
  type NatsServerUnderTest,
} from '../../runtime/nats-server.testing.js';
import { connectNats, type Nats } from '../../runtime/nats.js';
import { until } from '../../runtime/until.testing.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { isMissing } from '../journal/stream.jetstream.js';
import { keepLeases, type Leases } from './leases.nats.js';
import { EXPIRED_MS } from './shares.js';
import { UNHEARD_MS_MAX } from './standing.js';

const ROUND_MS = 400;
/** In so many rounds whatever is not renewed has expired, and was taken. */
const EXPIRY_ROUNDS = Math.ceil(EXPIRED_MS / ROUND_MS) + 2;
/** In so many whoever has come has its share: it counts when it has been there for as long (S4 of shares.ts). */
const SHARED_ROUNDS = 2 * EXPIRY_ROUNDS;
const ROUND_TRIPS = 50;
const partitions = ['a', 'b', 'c', 'd'];
const log = createLog('test', 'silent');
/** What the members say that somebody should look at. */
const warnings: string[] = [];
const heeded: Log = Object.assign(createLog('test', 'silent'), {
  warn: (_what: object, words: string) => void warnings.push(words),
});
const missing = natsServerProgram === undefined ? ' (skipped: needs nats-server 2.10)' : '';
const describeHere = natsServerProgram === undefined ? describe.skip : describe;

/** Its clock says when a round is over: then the next one is asked for. */
class RoundClock extends VirtualClock {
  private onAsked: () => void = () => undefined;
  over: Promise<void> = this.nextOver();

  override after(delayMs: number, fn: () => void): () => void {
    this.onAsked();
    return super.after(delayMs, fn);
  }

  nextOver(): Promise<void> {
    this.over = new Promise((resolve) => (this.onAsked = resolve));
    return this.over;
  }
}

interface Member {
  readonly clock: RoundClock;
  readonly nats: Nats;
  readonly leases: Leases;
  readonly leads: Set<string>;
  /** What it does when it is to lead one. */
  opens: (partition: string) => Promise<void>;
  mayLead: boolean;
  /** What it does when it is not to lead one any more. */
  closes: () => Promise<void>;
}

let directory: string;
let server: NatsServerUnderTest;
let members: Member[];

async function joined(
  self: string,
  opens: (partition: string) => Promise<void> = () => Promise.resolve(),
): Promise<Member> {
  const clock = new RoundClock();
  const nats = await connectNats({ url: server.url, name: self, log });
  const leads = new Set<string>();
  const closes = () => Promise.resolve();
  const actions: Pick<Member, 'closes' | 'mayLead' | 'opens'> = { closes, mayLead: true, opens };
  const first = clock.nextOver();
  const leases = await keepLeases({
    ...{ nats, self, partitions, replicaCount: 1, clock, log: heeded },
    mayLead: () => actions.mayLead,
    onTaken: async (partition) => {
      await actions.opens(partition);
      leads.add(partition);
    },
    onReleased: async (partition) => {
      leads.delete(partition);
      await actions.closes();
    },
  });
  await first;
  const member = Object.assign(actions, { clock, nats, leases, leads });
  members.push(member);
  await rounds(1);
  return member;
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    const over = members.map(({ clock }) => clock.nextOver());
    for (const { clock } of members) clock.advance(ROUND_MS);
    await Promise.all(over);
    for (const { nats } of members) await heardAll(nats);
  }
}

/** What the bucket has was sent to everybody who follows it, and has arrived. Nobody hears of one that is gone. */
async function heardAll({ connection }: Nats): Promise<void> {
  const jsm = await jetstreamManager(connection);
  await until('everything was sent', async () => {
    try {
      const followers = await jsm.consumers.list(`KV_${LEASES_BUCKET}`).next();
      // Of whoever has left, a follower is still there for a while.
      const there = followers.filter((each) => each.push_bound);
      return there.every((each) => each.num_pending === 0);
    } catch (error) {
      return isMissing(error);
    }
  });
  await connection.flush();
}

/** A door that is shut: what waits for it goes on when it is opened. */
function door(): { readonly through: () => Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    through: () => opened,
    open: () => {
      open();
    },
  };
}

describeHere(`the leases of a fleet${missing}`, () => {
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'lull-l-'));
    server = await startNatsServer({ directory });
    members = [];
    warnings.length = 0;
  });

  afterEach(async () => {
    await Promise.all(members.map(({ leases }) => leases.close()));
    for (const { nats } of members) await nats.close();
    await server.close();
    rmSync(directory, { recursive: true });
  });

  test('one has all of them; a second one gets its half, and nobody has the same', async () => {
    const first = await joined('one');
    expect([...first.leads].sort()).toEqual(partitions);
    const second = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect(first.leads.size).toBe(2);
    expect([...first.leads, ...second.leads].sort()).toEqual(partitions);
  });

  test('there is no room for claims: it is said, and not taken for a race that was lost', async () => {
    const nats = await connectNats({ url: server.url, name: 'full', log });
    const settings = { storage: StorageType.Memory, history: 1, max_bytes: 100 };
    await new Kvm(nats.connection).create(LEASES_BUCKET, settings);
    const one = await joined('one');
    await rounds(1);
    expect([...one.leads]).toEqual([]);
    expect(warnings).toContain('a partition was not claimed');
    await nats.close();
  });

  test('as many copies as of the journals are asked for: a server by itself has none to give', async () => {
    const nats = await connectNats({ url: server.url, name: 'one', log });
    const asked = { nats, self: 'one', partitions, replicaCount: 3, clock: new RoundClock(), log };
    const done = () => Promise.resolve();
    const never = { mayLead: () => true, onTaken: done, onReleased: done };
    await expect(keepLeases({ ...asked, ...never })).rejects.toThrow('replicas > 1');
    await nats.close();
  });

  test('one that the fleet does not hear says so, until it is heard again', async () => {
    const one = await joined('one');
    await rounds(1);
    expect(one.leases.problem()).toBeUndefined();
    one.clock.advance(UNHEARD_MS_MAX + 1);
    expect(one.leases.problem()).toMatch(/the fleet does not hear it/);
    await rounds(2);
    expect(one.leases.problem()).toBeUndefined();
  });

  test('one that cannot lead a partition says why, until it can', async () => {
    const one = await joined('one', (partition) =>
      partition === 'b' ? Promise.reject(new Error('the journal is lost')) : Promise.resolve(),
    );
    await rounds(20);
    expect(one.leases.problem()).toBe('partition b cannot be led from here: the journal is lost');
    one.opens = () => Promise.resolve();
    await rounds(20);
    expect([...one.leads].sort()).toEqual(partitions);
    expect(one.leases.problem()).toBeUndefined();
  });

  test('where nobody answered it is tried again soon: servers of a cluster agree on who does (E6)', async () => {
    const one = await joined('one', () => Promise.reject(new DeadlineError('the stream', 1)));
    one.opens = () => Promise.resolve();
    await rounds(4);
    expect([...one.leads].sort()).toEqual(partitions);
  });

  test('one that may not lead any more gives everything back, and the other is left no share of it (E11)', async () => {
    const first = await joined('one');
    const second = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect(second.leads.size).toBe(2);
    second.mayLead = false;
    await rounds(EXPIRY_ROUNDS);
    expect([...second.leads]).toEqual([]);
    expect([...first.leads].sort()).toEqual(partitions);
  });

  test('one stops: the other has everything at once, before any claim expires and without a round (E10)', async () => {
    const first = await joined('one');
    const second = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect(first.leads.size).toBe(2);
    members = [first];
    await second.leases.close();
    await until('the first has everything', () => first.leads.size === partitions.length);
    await second.nats.close();
  });

  test('one gives back what it cannot lead: it does not reach for it again at once (E10)', async () => {
    const first = await joined('one');
    let takenCount = 0;
    first.opens = () => {
      takenCount += 1;
      return Promise.resolve();
    };
    first.leases.giveUp('a');
    await until('it is free', () => !first.leads.has('a'));
    // As long as a round takes that nobody asked for, and longer: it goes to the server a few times.
    for (let time = 0; time < ROUND_TRIPS; time += 1) await first.nats.connection.flush();
    expect(takenCount).toBe(0);
    await rounds(3);
    expect(takenCount).toBe(1);
  });

  test('the bucket is gone, as after a restart of the server: everybody goes on with what it leads (E3)', async () => {
    const openedBy = { one: 0, two: 0 };
    const counting = (name: 'one' | 'two') => () => {
      openedBy[name] += 1;
      return Promise.resolve();
    };
    const first = await joined('one', counting('one'));
    const second = await joined('two', counting('two'));
    await rounds(SHARED_ROUNDS);
    const before = { ...openedBy };
    const jsm = await jetstreamManager(first.nats.connection);
    await jsm.streams.delete(`KV_${LEASES_BUCKET}`);
    await rounds(EXPIRY_ROUNDS);
    expect(openedBy).toEqual(before);
    expect([...first.leads, ...second.leads].sort()).toEqual(partitions);
    // And who dies then is noticed.
    members = members.filter((member) => member !== second);
    await rounds(EXPIRY_ROUNDS);
    expect([...first.leads].sort()).toEqual(partitions);
    members.push(second);
    await rounds(1);
  });

  test('to close one takes long: it keeps up what else it leads, and is not given its share until then (E7, E8)', async () => {
    const first = await joined('one');
    const slow = door();
    first.closes = slow.through;
    const second = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect(first.leads.size).toBe(2);
    expect([...first.leads, ...second.leads].sort()).toEqual(partitions);

    const one = [...first.leads][0] ?? '';
    first.leases.giveUp(one);
    await rounds(EXPIRY_ROUNDS);
    expect(second.leads.size).toBe(3);
    slow.open();
    await rounds(EXPIRY_ROUNDS);
    expect(first.leads.size).toBe(2);
    expect([...first.leads, ...second.leads].sort()).toEqual(partitions);
  });

  test('to open some takes long: it keeps up the others, and does not lead what was taken meanwhile (E8)', async () => {
    const slow = door();
    const first = await joined('one', (partition) =>
      partition === 'a' || partition === 'b' ? Promise.resolve() : slow.through(),
    );
    const second = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect([...first.leads]).toEqual(['a', 'b']);
    expect([...second.leads].sort()).toEqual(['c', 'd']);
    slow.open();
    await rounds(EXPIRY_ROUNDS);
    expect([...first.leads]).toEqual(['a', 'b']);
    expect([...second.leads].sort()).toEqual(['c', 'd']);
  });

  test('two go by one name, as copies of an image do: the later start leads, and the other one says so, and leads again when that one is gone (E12)', async () => {
    let openedCount = 0;
    const first = await joined('one');
    const second = await joined('one', () => {
      openedCount += 1;
      return Promise.resolve();
    });
    await rounds(3);
    expect([...first.leads]).toEqual([]);
    expect([...second.leads].sort()).toEqual(partitions);
    expect(first.leases.problem()).toContain('goes by the name "one"');
    expect(second.leases.problem()).toBeUndefined();

    const before = openedCount;
    await rounds(EXPIRY_ROUNDS);
    expect(openedCount).toBe(before);
    members = [first];
    await second.leases.close();
    await second.nats.close();
    await rounds(EXPIRY_ROUNDS);
    expect([...first.leads].sort()).toEqual(partitions);
    expect(first.leases.problem()).toBeUndefined();
  });

  test('one that another start of its name has replaced stops: that one is still there for the others (E12)', async () => {
    const first = await joined('one');
    const second = await joined('one');
    const other = await joined('two');
    await rounds(SHARED_ROUNDS);
    expect([second.leads.size, other.leads.size]).toEqual([2, 2]);
    members = [second, other];
    const before = [...second.leads];
    await first.leases.close();
    await first.nats.close();
    await rounds(EXPIRY_ROUNDS);
    expect([...second.leads]).toEqual(before);
  });
});
