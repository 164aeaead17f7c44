import { describe, expect, test } from '@jest/globals';
import { terminalsOf, type Terminal } from './terminals.js';
import type { UtmpRecord } from './utmp.js';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const BOOT = NOW - 600 * MINUTE;
const ACTIVE_MS = 10 * MINUTE;

const session = (more: Partial<UtmpRecord> = {}): UtmpRecord => ({
  kind: 'session',
  pid: 7,
  line: 'pts/0',
  isRemote: true,
  atMs: NOW - 60 * MINUTE,
  ...more,
});
const read = (agoMs: number): Terminal => ({ kind: 'read', atMs: NOW - agoMs });
const judged = (records: readonly UtmpRecord[], terminal: Terminal) =>
  terminalsOf(records, () => terminal, NOW, BOOT, ACTIVE_MS);

describe('people at terminals', () => {
  test('one who typed in the last ten minutes is there', () => {
    expect(judged([session()], read(9 * MINUTE))).toMatchObject({
      verdict: { kind: 'engaged' },
      active: true,
      remoteCount: 1,
    });
  });

  test('an idle session does not count: away since the last key', () => {
    expect(judged([session()], read(11 * MINUTE))).toMatchObject({
      verdict: { kind: 'away', sinceMs: NOW - 11 * MINUTE },
      active: false,
    });
  });

  test.each([
    [30 * MINUTE, true],
    [2 * MINUTE, false],
  ])('one who counts for %s ms after the last key', (activeMs, active) => {
    const seen = terminalsOf([session()], () => read(9 * MINUTE), NOW, BOOT, activeMs);
    expect(seen.active).toBe(active);
  });

  test('nobody logged in: away since the last logout, or since the start', () => {
    const ended = session({ kind: 'ended', atMs: NOW - 3 * MINUTE });
    expect(judged([ended], read(0)).verdict).toEqual({ kind: 'away', sinceMs: NOW - 3 * MINUTE });
    expect(judged([], read(0)).verdict).toEqual({ kind: 'away', sinceMs: BOOT });
  });

  test('a session whose terminal cannot be seen leaves it unknown, unless another is active', () => {
    const unseen: Terminal = { kind: 'unseen', why: '/dev/pts/0 does not exist' };
    expect(judged([session()], unseen)).toMatchObject({
      verdict: { kind: 'unknown', why: '/dev/pts/0 does not exist' },
      active: undefined,
    });
    const both = [session(), session({ line: 'pts/1' })];
    const of = ({ line }: UtmpRecord): Terminal => (line === 'pts/1' ? read(0) : unseen);
    expect(terminalsOf(both, of, NOW, BOOT, ACTIVE_MS).verdict).toEqual({ kind: 'engaged' });
  });

  test('a record that nobody took away is nobody', () => {
    expect(judged([session()], { kind: 'gone' })).toMatchObject({
      verdict: { kind: 'away' },
      remoteCount: 0,
    });
  });

  test('five hundred idle sessions and one that is active', () => {
    const many = Array.from({ length: 500 }, (_each, n) => session({ line: `pts/${String(n)}` }));
    const of = ({ line }: UtmpRecord): Terminal => read(line === 'pts/499' ? MINUTE : 50 * MINUTE);
    expect(terminalsOf(many, of, NOW, BOOT, ACTIVE_MS)).toMatchObject({
      active: true,
      remoteCount: 500,
    });
  });

  test('a key from the future is one from just now, at most', () => {
    expect(judged([session()], read(-5 * MINUTE)).verdict).toEqual({ kind: 'engaged' });
  });
});
