import { describe, expect, test } from '@jest/globals';
import { DecidedOnOldError, decidedAnew } from './decided-anew.js';

/** Somebody else is first so many times. */
function secondTo(times: number) {
  let tries = 0;
  return {
    tries: () => tries,
    decide: (): Promise<string> => {
      tries += 1;
      return tries > times ? Promise.resolve('appended') : Promise.reject(new DecidedOnOldError());
    },
  };
}

describe('what is decided where others append as well', () => {
  test('is decided once where nobody came between', async () => {
    const alone = secondTo(0);
    expect(await decidedAnew(alone.decide)).toBe('appended');
    expect(alone.tries()).toBe(1);
  });

  test('is decided again as often as somebody else was first', async () => {
    const late = secondTo(15);
    expect(await decidedAnew(late.decide)).toBe('appended');
    expect(late.tries()).toBe(16);
  });

  test('is given up where somebody else is first without an end, and says so', async () => {
    const never = secondTo(Infinity);
    await expect(decidedAnew(never.decide)).rejects.toMatchObject({ code: 'FLEET_BUSY' });
    expect(never.tries()).toBe(16);
  });

  test('is not decided again where it failed for another reason', async () => {
    let tries = 0;
    const refused = () => {
      tries += 1;
      return Promise.reject(new Error('one directory has one updater'));
    };
    await expect(decidedAnew(refused)).rejects.toThrow('one directory has one updater');
    expect(tries).toBe(1);
  });
});
