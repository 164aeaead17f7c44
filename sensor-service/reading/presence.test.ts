import { describe, expect, test } from '@jest/globals';
import {
  foldPresence,
  NO_PRESENCE_SENSOR,
  type Place,
  type PresenceSignal,
  type Verdict,
} from './presence.js';

const engaged: Verdict = { kind: 'engaged' };
const broken: Verdict = { kind: 'unknown', why: 'logind does not answer' };
const away = (sinceMs: number): Verdict => ({ kind: 'away', sinceMs });
const everywhere: readonly Place[] = ['seat', 'terminals'];
const sensed = (provider: string, verdict: Verdict, places = everywhere): PresenceSignal => ({
  provider,
  rank: 'sensed',
  places,
  verdict,
});
const said = (verdict: Verdict): PresenceSignal => ({
  provider: 'reported',
  rank: 'said',
  places: everywhere,
  verdict,
});

describe('providers folded to one presence', () => {
  test('with no provider it is unknown, and says what to do', () => {
    expect(foldPresence([]).value).toEqual({ kind: 'unknown', why: NO_PRESENCE_SENSOR });
  });

  test('one sign of a person is enough', () => {
    expect(foldPresence([sensed('a', away(1)), sensed('b', engaged), sensed('c', broken)])).toEqual(
      {
        value: { kind: 'presence', presence: engaged },
        source: 'b',
      },
    );
  });

  test.each([
    ['of the seat', [sensed('a', away(1), ['terminals']), sensed('b', broken, ['seat'])]],
    ['of the terminals', [sensed('a', away(1), ['seat']), sensed('b', broken, ['terminals'])]],
    ['of anything', [sensed('b', broken)]],
  ])('nobody who knows %s is not "nobody there"', (_what, signals) => {
    expect(foldPresence(signals)).toMatchObject({
      value: { why: expect.stringMatching(/^logind does not answer; or report it/) as unknown },
      source: 'b',
    });
  });

  test('one that knows of a place stands in for another that failed', () => {
    expect(foldPresence([sensed('a', away(1)), sensed('b', broken)])).toEqual({
      value: { kind: 'presence', presence: away(1) },
      source: 'a',
    });
  });

  test('but not for one who knows of somebody that it has not seen', () => {
    const somebody: Verdict = { kind: 'unknown', why: 'alice is hidden', unjudged: true };
    expect(foldPresence([sensed('a', away(1)), sensed('b', somebody)])).toMatchObject({
      value: { kind: 'unknown', why: expect.stringMatching(/^alice is hidden; or/) as unknown },
      source: 'b',
    });
    expect(foldPresence([said(away(1)), sensed('b', somebody)]).value).toMatchObject({
      presence: away(1),
    });
  });

  test('a machine without a seat needs nobody who knows of it', () => {
    const signals = [sensed('a', away(1), ['terminals']), sensed('b', broken, ['seat'])];
    expect(foldPresence(signals, ['terminals']).source).toBe('a');
  });

  test('everything that hinders is told', () => {
    const signals = [sensed('a', broken), sensed('b', { kind: 'unknown', why: 'no utmp' })];
    expect(foldPresence(signals)).toMatchObject({
      value: { why: expect.stringMatching(/^logind does not answer; no utmp; or/) as unknown },
      source: 'a, b',
    });
  });

  test('the absence began with the last sign of a person', () => {
    expect(
      foldPresence([sensed('a', away(7)), sensed('b', away(9)), sensed('c', away(8))]),
    ).toEqual({
      value: { kind: 'presence', presence: away(9) },
      source: 'b',
    });
  });

  test('is certain where one of them saw the screen locked, with the last sign of a person', () => {
    const locked: Verdict = { kind: 'away', sinceMs: 7, locked: true };
    const signals = [sensed('a', locked, ['seat']), sensed('b', away(9), ['terminals'])];
    expect(foldPresence(signals)).toMatchObject({
      value: { presence: { kind: 'away', sinceMs: 9, locked: true } },
    });
  });

  test('is dark where one of them saw it dark and none saw it locked', () => {
    const dark: Verdict = { kind: 'away', sinceMs: 7, dark: true };
    const terminal = sensed('b', away(9), ['terminals']);
    expect(foldPresence([sensed('a', dark, ['seat']), terminal]).value).toEqual({
      ...{ kind: 'presence', presence: { kind: 'away', sinceMs: 9, dark: true } },
    });
    const locked: Verdict = { kind: 'away', sinceMs: 7, locked: true };
    const both = [sensed('a', dark, ['seat']), sensed('c', locked, ['seat']), terminal];
    expect(foldPresence(both).value).toEqual({
      ...{ kind: 'presence', presence: { kind: 'away', sinceMs: 9, locked: true } },
    });
  });

  test('what was said outranks what was sensed', () => {
    expect(foldPresence([sensed('a', engaged), said(away(5)), sensed('b', broken)])).toEqual({
      value: { kind: 'presence', presence: away(5) },
      source: 'reported',
    });
  });
});
