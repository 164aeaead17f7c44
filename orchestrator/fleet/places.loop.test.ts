// A machine that shares groups: it asks, waits, keeps and gives back.

import { beforeEach, describe, expect, test } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { GroupLock, Place } from '../groups/group-lock.js';
import { keepPlaces, type Places } from './places.loop.js';

let clock: VirtualClock;
let calls: string[];
let answer: () => Promise<Place>;
let changes: number;
let groups: string[];
let places: Places;

const refused: Place = { kind: 'refused', max: 1, holders: [{ id: 'other', sinceMs: 1 }] };

beforeEach(() => {
  clock = new VirtualClock(1_000);
  [calls, changes, groups] = [[], 0, ['tills']];
  answer = () => Promise.resolve({ kind: 'held' });
  const lock: GroupLock = {
    acquire: (group, id) => {
      calls.push(`acquire ${group} ${id}`);
      return answer();
    },
    holders: () => Promise.resolve([]),
    release: (group, id) => {
      calls.push(`release ${group} ${id}`);
      return Promise.resolve();
    },
  };
  places = keepPlaces({
    ...{ hostId: 'till-1', groups: () => groups, lock, clock, random: () => 0 },
    log: createLog('test', 'silent'),
    onChange: () => (changes += 1),
  });
});

async function settled(): Promise<void> {
  for (let step = 0; step < 10; step += 1) await Promise.resolve();
}

describe('a machine of a group', () => {
  test('that needs no place gives back what it may have had, once', async () => {
    places.need('needs none');
    places.need('needs none');
    await settled();
    places.need('needs none');
    await settled();
    expect(calls).toEqual(['release tills till-1']);
  });

  test('that leaves it, as policy says, gives its place back in the middle of what it changes', async () => {
    places.need('has to have');
    await settled();
    groups = ['desks'];
    places.need('has to have');
    await settled();
    expect(calls).toEqual(['acquire tills till-1', 'acquire desks till-1', 'release tills till-1']);
    expect([...places.current().keys()]).toEqual(['desks']);
    places.need('has to have');
    await settled();
    expect(calls).toHaveLength(3);
  });

  test('that would change something asks, keeps its place while it does, and gives it back', async () => {
    places.need('would use');
    await settled();
    expect(places.current().get('tills')).toEqual({ kind: 'held' });
    expect(changes).toBe(1);
    places.need('has to have');
    await settled();
    places.need('needs none');
    await settled();
    expect(calls).toEqual(['acquire tills till-1', 'release tills till-1']);
    expect(places.current().size).toBe(0);
  });

  test('that is refused says who has the places, and asks again after a while', async () => {
    answer = () => Promise.resolve(refused);
    places.need('would use');
    await settled();
    expect(places.current().get('tills')).toEqual(refused);
    answer = () => Promise.resolve({ kind: 'held' });
    clock.advance(4_999);
    await settled();
    expect(calls).toHaveLength(1);
    clock.advance(2);
    await settled();
    expect(places.current().get('tills')).toEqual({ kind: 'held' });
  });

  test('whose lock is out of reach has no place, and asks again', async () => {
    answer = () => Promise.reject(new Error('out of reach'));
    places.need('would use');
    await settled();
    expect(places.current().size).toBe(0);
    answer = () => Promise.resolve({ kind: 'held' });
    clock.advance(5_001);
    await settled();
    expect(places.current().get('tills')).toEqual({ kind: 'held' });
  });

  test('that changes its mind while it asks gives back what it got', async () => {
    places.need('would use');
    places.need('needs none');
    await settled();
    expect(calls).toEqual(['acquire tills till-1', 'release tills till-1']);
    expect(places.current().size).toBe(0);
  });
});
