import { describe, expect, test } from '@jest/globals';
import { askBeside } from './beside.js';
import { pause } from './deadline.js';

const SOON = [5, 5, 5, 2_000];
const hangs = () => new Promise<string>(() => undefined);
const says = (answer: string) => () => Promise.resolve(answer);

/** Asks, and each question is answered with the next one of these. */
function asking(answers: readonly (() => Promise<string>)[]) {
  const letGo: string[] = [];
  let askedCount = 0;
  const ask = (): Promise<string> => (answers[askedCount++] ?? hangs)();
  const asked = askBeside('an answer', ask, (late) => letGo.push(late), SOON);
  return { asked, letGo, askedCount: () => askedCount };
}

describe('asking beside what was asked', () => {
  test('who is gone is not waited for: the next one answers', async () => {
    const { asked, askedCount } = asking([hangs, hangs, says('third')]);
    expect(await asked).toBe('third');
    expect(askedCount()).toBe(3);
  });

  test('who answers at once is the only one that is asked', async () => {
    const { asked, askedCount } = asking([says('first')]);
    expect(await asked).toBe('first');
    expect(askedCount()).toBe(1);
  });

  test('who is slow is heard still; what another one answers later is let go of', async () => {
    let answer: (late: string) => void = () => undefined;
    const late = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const slow = () => pause(60).then(() => 'first');
    const { asked, letGo } = asking([slow, () => late]);
    expect(await asked).toBe('first');
    answer('second');
    await pause(0);
    expect(letGo).toEqual(['second']);
  });

  test('what fails is no answer to wait beyond', async () => {
    const { asked } = asking([hangs, () => Promise.reject(new Error('refused'))]);
    await expect(asked).rejects.toThrow('refused');
  });

  test('where nobody answers, asking has an end', async () => {
    const asked = askBeside('an answer', hangs, () => undefined, [1, 2]);
    await expect(asked).rejects.toThrow('an answer did not finish within 3 ms');
  });
});
