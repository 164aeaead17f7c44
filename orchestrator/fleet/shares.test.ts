// Partitions among orchestrators that come, go and die.

import { describe, expect, test } from '@jest/globals';
import { EXPIRED_MS, sharesOf, type Claim } from './shares.js';

const partitions = ['fleet', 'p0', 'p1', 'p2', 'p3'];

function claims(owners: Readonly<Record<string, string>>, unchangedForMs = 0): Map<string, Claim> {
  const keptUpForMs = EXPIRED_MS;
  return new Map(
    Object.entries(owners).map(([name, owner]) => [name, { owner, unchangedForMs, keptUpForMs }]),
  );
}

function members(...names: string[]): Map<string, Claim> {
  return claims(Object.fromEntries(names.map((name) => [name, name])));
}

describe('an orchestrator', () => {
  test('alone takes everything', () => {
    const { take, release } = sharesOf('a', partitions, new Map(), new Map(), new Set());
    expect(new Set(take)).toEqual(new Set(partitions));
    expect(release).toEqual([]);
  });

  test('among two takes its share, begun elsewhere than the other', () => {
    const a = sharesOf('a', partitions, members('a', 'b'), new Map(), new Set());
    const b = sharesOf('b', partitions, members('a', 'b'), new Map(), new Set());
    expect(a.take).toEqual(['fleet', 'p0', 'p1']);
    expect(b.take.slice(0, 2)).toEqual(['p2', 'p3']);
  });

  test('gives up what is more than its share when another comes, and no more than that', () => {
    const { release } = sharesOf(
      'a',
      partitions,
      members('a', 'b'),
      claims({ fleet: 'a', p0: 'a', p1: 'a', p2: 'a', p3: 'a' }),
      new Set(partitions),
    );
    expect(release).toEqual(['p2', 'p3']);
  });

  test('gives nothing up for one whose claims expire between two of them: it would lose them again at once', () => {
    const late = { owner: 'b', unchangedForMs: 0, keptUpForMs: EXPIRED_MS - 1 };
    const all = claims({ fleet: 'a', p0: 'a', p1: 'a', p2: 'a', p3: 'a' });
    const there = new Map([...members('a'), ['b', late] as const]);
    expect(sharesOf('a', partitions, there, all, new Set(partitions)).release).toEqual([]);
    // But it is left what it has.
    expect(sharesOf('a', partitions, there, new Map(), new Set()).take).toHaveLength(3);
  });

  test('takes everything that is free when another one has said that it is gone', () => {
    const gone = new Map([...members('a'), ...claims({ b: '' })]);
    const led = claims({ fleet: 'a', p0: 'a', p1: 'a', p2: '', p3: '' });
    const { take } = sharesOf('a', partitions, gone, led, new Set(['fleet', 'p0', 'p1']));
    expect(take).toEqual(['p2', 'p3']);
  });

  test('leaves alone what another one leads', () => {
    const led = claims({ fleet: 'b', p0: 'b', p1: 'b' });
    expect(sharesOf('a', partitions, members('a', 'b'), led, new Set()).take).toEqual(['p2', 'p3']);
  });

  test('that was killed and is back takes what stands in its own name at once', () => {
    const own = claims({ fleet: 'a', p0: 'a', p1: 'b' });
    const { take } = sharesOf('a', ['fleet', 'p0', 'p1'], members('a', 'b'), own, new Set());
    expect(new Set(take)).toEqual(new Set(['fleet', 'p0']));
  });

  test('takes what a dead one led, and what was given up at once', () => {
    const dead = claims({ fleet: 'b', p0: 'b', p1: 'b' }, EXPIRED_MS);
    const free = claims({ p2: '', p3: '' });
    const gone = claims({ b: 'b' }, EXPIRED_MS);
    const { take } = sharesOf('a', partitions, gone, new Map([...dead, ...free]), new Set());
    expect(new Set(take)).toEqual(new Set(partitions));
  });
});
