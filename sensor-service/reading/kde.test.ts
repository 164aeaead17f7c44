import { describe, expect, test } from '@jest/globals';
import { screenKeptOn, screenKeptOnByOthers } from './kde.js';

const own = ['sleep:idle', 'Lull', 'Installing updates', 'block', 3];
const yes = { kind: 'flag', flag: true };
const no = { kind: 'flag', flag: false };

describe('a Plasma that says what inhibitions are of', () => {
  test.each<[string, unknown, unknown]>([
    ['nothing', [], no],
    ["Lull's own, taken over from logind", [own], no],
    ['a film beside it', [own, ['idle', 'film', 'playing', 'block', 3]], yes],
    ['a download beside it', [own, ['sleep', 'loader', 'a file', 'block', 3]], no],
    ['entries of something else', [null, 7, [{}, 1]], no],
    ['something else', 'idle', { kind: 'unknown' }],
  ])('%s', (_what, active, value) => {
    expect(screenKeptOn(active)).toMatchObject(value as object);
  });
});

describe('one that names them alone', () => {
  const lull = ['Lull', 'Installing updates'];
  const loader = ['loader', 'a file'];
  const film = ['film', 'playing'];
  const nothing = new Set<string>();

  test("with Lull's own alone nobody keeps the screen on", () => {
    expect(screenKeptOnByOthers(true, [lull], nothing).value).toEqual(no);
  });

  test('what was there while the screen was free is of something else, what joins it is not', () => {
    const { ofSomethingElse, value } = screenKeptOnByOthers(false, [loader], nothing);
    expect(value).toEqual(no);
    // It is so still after an answer that says nothing of it, or none at all.
    for (const [anything, list] of [
      [true, [lull, film]],
      [undefined, []],
    ]) {
      const after = screenKeptOnByOthers(anything, list, ofSomethingElse);
      expect(after.ofSomethingElse).toBe(ofSomethingElse);
    }
    expect(screenKeptOnByOthers(true, [lull, loader], ofSomethingElse).value).toEqual(no);
    expect(screenKeptOnByOthers(true, [lull, loader, film], ofSomethingElse).value).toEqual(yes);
  });

  test('in doubt somebody keeps it on: it was kept on when it was first asked', () => {
    expect(screenKeptOnByOthers(true, [lull, loader], nothing).value).toEqual(yes);
    expect(screenKeptOnByOthers(true, [], nothing).value).toEqual(yes);
  });

  test.each([
    ['no answer', undefined, []],
    ['no list', true, undefined],
  ])('%s is unknown', (_what, anything, list) => {
    expect(screenKeptOnByOthers(anything, list, nothing).value.kind).toBe('unknown');
  });
});
