import { describe, expect, test } from '@jest/globals';
import type { SessionUse } from './session-processes.js';
import { terminalsOf, unnamedTerminal, type Terminal } from './terminals.js';
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
    [9 * MINUTE + 1, true],
    [9 * MINUTE, false],
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

  test('the last login is told, and who is elsewhere, whoever of them types', () => {
    const here = session({ line: 'tty1', isRemote: false, atMs: NOW - 90 * MINUTE });
    const gone = session({ line: 'pts/7', atMs: NOW - MINUTE });
    const of = ({ line }: UtmpRecord): Terminal =>
      line === 'pts/7' ? { kind: 'gone' } : read(30 * MINUTE);
    const seen = (...records: UtmpRecord[]) => terminalsOf(records, of, NOW, BOOT, ACTIVE_MS);
    expect(seen(here, session(), gone)).toMatchObject({
      ...{ remoteCount: 1, loginAtMs: NOW - 60 * MINUTE, active: false },
      why: 'nobody at a terminal for 10 min',
    });
    expect(seen(session(), here).loginAtMs).toBe(NOW - 60 * MINUTE);
    expect(seen(gone).loginAtMs).toBeUndefined();
    expect(seen(here).remoteCount).toBe(0);
  });

  test('the record of a start, or of one who is without a terminal, is no sign of a person', () => {
    const start = session({ kind: 'boot', line: '', atMs: NOW - MINUTE });
    const unnamed = session({ line: '', unnamed: 'asked', atMs: NOW - MINUTE });
    const judgedGone = judged([start, unnamed], { kind: 'gone' });
    expect(judgedGone.verdict).toEqual({ kind: 'away', sinceMs: BOOT });
    // What is no terminal is looked at where it is known to be asked otherwise, and not else.
    const unseen: Terminal = { kind: 'unseen', why: 'x' };
    expect(judged([session({ line: '' })], unseen).verdict.kind).toBe('away');
    expect(judged([unnamed], unseen).verdict.kind).toBe('unknown');
    expect(judged([session({ kind: 'ended' })], unseen).verdict.kind).toBe('away');
  });

  test('whoever nobody else knows of is told before who is not seen', () => {
    const hidden: Terminal = { kind: 'unseen', why: 'hidden', unjudged: true };
    const unseen: Terminal = { kind: 'unseen', why: 'unseen' };
    const of = ({ line }: UtmpRecord): Terminal => (line === 'pts/0' ? hidden : unseen);
    for (const lines of [
      ['pts/0', 'pts/1'],
      ['pts/1', 'pts/0'],
    ]) {
      const records = lines.map((line) => session({ line }));
      expect(terminalsOf(records, of, NOW, BOOT, ACTIVE_MS)).toMatchObject({
        verdict: { kind: 'unknown', why: 'hidden', unjudged: true },
        why: 'hidden',
      });
    }
  });

  test('a session whose terminal cannot be seen leaves it unknown, unless another is active', () => {
    const unseen: Terminal = { kind: 'unseen', why: '/dev/pts/0 does not exist' };
    expect(judged([session()], unseen)).toMatchObject({
      verdict: { kind: 'unknown', why: '/dev/pts/0 does not exist' },
      active: undefined,
      remoteCount: 1,
      loginAtMs: NOW - 60 * MINUTE,
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

describe('a session of which logind knows no terminal', () => {
  const unseen: Terminal = { kind: 'unseen', why: '/dev/pts/9 does not exist' };
  const terminalOf = (line: string): Terminal => {
    if (line === 'pts/9') return unseen;
    return line === 'pts/8' ? { kind: 'gone' } : read(line === 'pts/1' ? MINUTE : 5 * MINUTE);
  };
  const lines = (...all: string[]): SessionUse => ({ kind: 'terminals', lines: all });
  const editor: SessionUse = { kind: 'program', name: 'emacs' };

  test.each<[string, SessionUse | undefined, number, object]>([
    ['whose processes are hidden', undefined, 0, { kind: 'unseen' }],
    ['that is a tunnel', { kind: 'carried' }, 60 * MINUTE, { kind: 'gone' }],
    [
      'with two terminals is used where the later key was',
      lines('pts/2', 'pts/1'),
      0,
      read(MINUTE),
    ],
    ['with one that is seen and one that is not', lines('pts/9', 'pts/2'), 0, read(5 * MINUTE)],
    ['whose terminals are gone', lines('pts/8'), 0, { kind: 'gone' }],
    ['whose terminals are not seen', lines('pts/8', 'pts/9'), 0, unseen],
    ['that is a check, of a moment', editor, MINUTE - 1, { kind: 'gone' }],
    ['in which something has run for a minute', editor, MINUTE, { kind: 'unseen' }],
  ])('%s', (_what, use, lastedMs, expected) => {
    expect(unnamedTerminal(use, terminalOf, lastedMs)).toMatchObject(expected);
  });

  test('names what runs in it', () => {
    expect(unnamedTerminal(editor, terminalOf, MINUTE)).toMatchObject({
      why: expect.stringMatching(/^emacs runs in a session/) as unknown,
    });
  });
});
