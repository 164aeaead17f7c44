import { describe, expect, test } from '@jest/globals';
import { foldPresence, NO_PRESENCE_SENSOR, type PresenceSignal, type Verdict } from './presence.js';

const engaged: Verdict = { kind: 'engaged' };
const broken: Verdict = { kind: 'unknown', why: 'logind does not answer' };
const away = (sinceMs: number): Verdict => ({ kind: 'away', sinceMs });
const sensed = (provider: string, verdict: Verdict): PresenceSignal => ({
  provider,
  rank: 'sensed',
  verdict,
});
const said = (verdict: Verdict): PresenceSignal => ({
  provider: 'reported',
  rank: 'said',
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

  test('a provider that failed is not "nobody there"', () => {
    expect(foldPresence([sensed('a', away(1)), sensed('b', broken)])).toEqual({
      value: broken,
      source: 'b',
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

  test('what was said outranks what was sensed', () => {
    expect(foldPresence([sensed('a', engaged), said(away(5)), sensed('b', broken)])).toEqual({
      value: { kind: 'presence', presence: away(5) },
      source: 'reported',
    });
  });
});
