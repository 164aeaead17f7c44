import { describe, expect, test } from '@jest/globals';
import { copiesNotice, type StreamCopies } from './copies.js';

const journals: StreamCopies = { stream: 'LULL_JOURNAL', count: 3, behind: [] };
const up: StreamCopies = { stream: 'lull-up-p0', count: 3, behind: [] };

describe('copies on three servers', () => {
  test('all there and up to date: nothing is said', () => {
    expect(copiesNotice([journals, up], 3, true)).toBeUndefined();
  });

  test('a server is gone, or behind: it is named, and one of what it lacks', () => {
    const late = [journals, up].map((each) => ({ ...each, behind: ['nats-2'] }));
    expect(copiesNotice(late, 3, true)).toBe(
      'nats-2 has no copy that is up to date of LULL_JOURNAL and 1 other streams',
    );
  });

  test('what was made with one copy does not get more by asking for them at a start: that is said', () => {
    const told = copiesNotice([{ ...journals, count: 1 }, up], 3, true);
    expect(told).toContain('LULL_JOURNAL: 1 of the 3 copies that --journal-copies asks for');
    expect(told).toContain('"lull fleet copies 3" gives them more');
  });

  test('nobody asks for copies although there are several servers: that is said', () => {
    expect(copiesNotice([{ ...journals, count: 1 }], 1, true)).toContain('--journal-copies 3');
  });
});

test('a server by itself has one of everything, which is all that is asked for', () => {
  expect(copiesNotice([{ ...journals, count: 1 }], 1, false)).toBeUndefined();
});
