// What the fleet says reaches a partition, whatever its journal can take at the moment.

import { expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { chainEntry, genesis, type Entry, type Head } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { JournalBusyError } from '../journal/journal.js';
import { copyFleet } from './copy-fleet.loop.js';

const log = createLog('test', 'silent');
const stop = { kind: 'rollout.stopped', updaterId: 'u', toVersion: '2', why: 'x' } as const;

function rig() {
  const entries: Entry[] = [];
  const listeners = new Set<(entry: Entry) => void>();
  let head: Head = genesis;
  const copied: number[] = [];
  const askedFor: number[] = [];
  let isBusy = false;
  const clock = new VirtualClock(1_000);
  return {
    clock,
    copied,
    askedFor,
    say: (count: number) => {
      for (let n = 0; n < count; n += 1) {
        const fact: Fact = { ...stop, updateId: String(n), actor: 'operator' };
        const entry = chainEntry(head, 1_000, fact);
        head = entry;
        entries.push(entry);
        for (const listener of listeners) listener(entry);
      }
    },
    become: (busy: boolean) => {
      isBusy = busy;
    },
    begin: () =>
      copyFleet({
        follower: {
          entries,
          onEntry: (listener) => {
            listeners.add(listener);
            return () => listeners.delete(listener);
          },
        },
        partition: {
          follow: async (all) => {
            askedFor.push(all.length);
            await Promise.resolve();
            if (isBusy) throw new JournalBusyError();
            copied.push(...all.map(({ sequence }) => sequence));
            return all.map(({ fact }) => fact);
          },
        },
        onNews: () => undefined,
        ...{ clock, log },
      }),
  };
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, n) => n + 1);
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what could not be copied is copied later, before what came after it, and each once', async () => {
  const { clock, copied, say, become, begin } = rig();
  say(3);
  become(true);
  const copying = await begin();
  say(2);
  await soon();
  expect(copied).toEqual([]);
  become(false);
  clock.advance(2_000);
  await soon();
  expect(copied).toEqual(upTo(5));
  say(1);
  await soon();
  expect(copied).toEqual(upTo(6));
  await copying.close();
});

test('thousands of entries that come at once are looked at once each, some at a time', async () => {
  const { copied, askedFor, say, begin } = rig();
  const copying = await begin();
  say(5_000);
  await soon();
  expect(copied).toEqual(upTo(5_000));
  expect(askedFor.reduce((sum, count) => sum + count)).toBe(5_000);
  expect(Math.max(...askedFor)).toBeLessThanOrEqual(256);
  await copying.close();
});
