import { expect, test } from '@jest/globals';
import { emptyWorld } from './fold.js';
import { giveTables, shareEmptyTables } from './tables.js';

test('worlds share what is empty in them, and none can write into what is shared', () => {
  const [one, other] = [shareEmptyTables(emptyWorld()), shareEmptyTables(emptyWorld())];
  expect(one.demands).toBe(other.demands);
  expect(() => one.demands.set('a', 1)).toThrow(/between two entries/);
});

test('what an entry writes is of one world alone, and stays', () => {
  const [one, other] = [shareEmptyTables(emptyWorld()), shareEmptyTables(emptyWorld())];
  giveTables(one);
  one.demands.set('a', 1);
  shareEmptyTables(one);
  giveTables(one);
  expect([...one.demands]).toEqual([['a', 1]]);
  expect(other.demands.size).toBe(0);
});
