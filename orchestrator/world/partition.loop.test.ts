// A journal of many machines: each has a world of its own, and hears of nothing but itself and all.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Fact } from '../journal/fact.js';
import type { Journal } from '../journal/journal.js';
import { openSqliteJournal } from '../journal/sqlite.js';
import { defaultPolicy } from '../policy/policy.js';
import { enabled, found, submitted, updateOf, UPDATER } from './history.testing.js';
import { openPartition, type Partition } from './partition.loop.js';

const log = createLog('test', 'silent');
const rolledOut = { updaterId: UPDATER, updateId: 'a', toVersion: '2.0.0' };
const started: Fact = { kind: 'rollout.started', ...rolledOut };
const failedOn = (hostId: string): Fact => ({
  ...{ kind: 'rollout.failed', ...rolledOut, hostId, ring: 'first', why: 'it does not start' },
});
let directory: string;
let journal: Journal;
let partition: Partition;

async function open(): Promise<Partition> {
  journal = await openSqliteJournal(join(directory, 'journal.db'));
  const retry = () => defaultPolicy.retry;
  return openPartition({ journal, clock: new VirtualClock(1_000), retry, log });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'lull-p-'));
  partition = await open();
});

afterEach(async () => {
  await journal.close();
  rmSync(directory, { recursive: true });
});

/** As the fleet's journal would say it, from `first` on. */
function ofTheFleet(first: number, ...facts: Fact[]) {
  return facts.map((fact, at) => ({ sequence: first + at, fact }));
}

describe('a machine of a partition', () => {
  test('hears what is said of it and of all, and not what is said of others', async () => {
    const heard: string[] = [];
    const [one, other] = [partition.ledgerOf('one'), partition.ledgerOf('other')];
    const stop = one.onEntry(({ fact }) => heard.push(fact.kind));
    await partition.follow(ofTheFleet(1, submitted(), enabled()));
    await other.append([found([updateOf('a')])]);
    await one.append([found([updateOf('b')])]);
    stop();
    await one.append([found([])]);
    expect(heard).toEqual(['updater.submitted', 'updater.enabled', 'scan.found']);
    expect([...other.world.updates.keys()]).toEqual([`${UPDATER} a`]);
    expect([...one.world.updates.keys()]).toEqual([]);
  });

  test('shares what is true of every machine with the others', async () => {
    const [one, other] = [partition.ledgerOf('one'), partition.ledgerOf('other')];
    await partition.follow(ofTheFleet(1, submitted(), enabled(), started, failedOn('one')));
    const late = partition.ledgerOf('late');
    const versionOf = ({ world }: typeof one) => world.updaters.get(UPDATER)?.accepted?.version;
    expect(versionOf(one)).toBeDefined();
    expect(versionOf(one)).toBe(versionOf(other));
    expect(versionOf(late)).toBe(versionOf(one));
    await partition.follow(ofTheFleet(5, failedOn('other')));
    for (const { world } of [one, other, late]) {
      const [rollout] = world.rollouts.values();
      expect([...(rollout?.failed.keys() ?? [])]).toEqual(['one', 'other']);
    }
  });

  test('is told once of what the fleet said, also by an orchestrator that reads it again', async () => {
    const said = ofTheFleet(1, submitted(), enabled());
    expect(await partition.follow(said)).toEqual(said.map(({ fact }) => fact));
    expect(await partition.follow(said)).toEqual([]);
    await partition.ledgerOf('one').append([found([updateOf('a')])]);
    await journal.close();
    partition = await open();
    expect(await partition.follow([...said, ...ofTheFleet(3, started)])).toEqual([started]);
    const { world } = partition.ledgerOf('one');
    expect([world.updates.size, world.rollouts.size]).toEqual([1, 1]);
  });

  test('is told of what the fleet said although too much waited for the journal at first', async () => {
    const held = holdAppends(journal);
    partition = await openPartition({
      ...{ journal: held.journal, clock: new VirtualClock(1_000), log },
      retry: () => defaultPolicy.retry,
    });
    const one = partition.ledgerOf('one');
    held.hold();
    const waiting: Promise<unknown>[] = [];
    const notice: Fact = { kind: 'run.notice', runId: 'r', message: 'x' };
    for (let n = 0; n < 5_000; n += 1) {
      waiting.push(one.append([notice]).catch((error: unknown) => error));
    }
    const said = ofTheFleet(1, submitted(), enabled());
    await expect(partition.follow(said)).rejects.toMatchObject({ code: 'JOURNAL_BUSY' });
    held.release();
    await Promise.all(waiting);
    expect(await partition.follow(said)).toEqual(said.map(({ fact }) => fact));
    expect([...one.world.updaters.keys()]).toEqual([UPDATER]);
  });
});

/** The journal, on a server that acknowledges nothing for a while. */
function holdAppends(behind: Journal) {
  let letGo: () => void = () => undefined;
  let free: Promise<void> = Promise.resolve();
  return {
    journal: {
      ...behind,
      append: async (entries: Parameters<Journal['append']>[0]) => {
        await free;
        await behind.append(entries);
      },
    },
    hold: () => {
      free = new Promise((resolve) => {
        letGo = resolve;
      });
    },
    release: () => {
      letGo();
    },
  };
}
