// Asking once more beside what was asked, where one of several servers is to answer. It may be gone before the
// others have noticed, and then no answer comes, later either; the next one who is asked may answer at once.

import { DeadlineError, pause } from './deadline.js';

/** Between two questions, and for the last one: so many are asked at most. */
const PAUSES_MS: readonly number[] = [500, 500, 1_000, 2_000, 2_000, 2_000, 10_000];

/**
 * What is answered, or fails, first. Who is slow is not given up for that: its answer counts as well.
 * @param what names what is asked for, in the message of the DeadlineError.
 * @param ask a question of its own each time.
 * @param letGo of an answer that came when there was one.
 */
export async function askBeside<T>(
  what: string,
  ask: () => Promise<T>,
  letGo: (late: T) => unknown = () => undefined,
  pausesMs = PAUSES_MS,
): Promise<T> {
  const asked: Promise<T>[] = [];
  const over = new AbortController();
  let taken: { readonly answer: T } | undefined;
  try {
    for (const pauseMs of pausesMs) {
      asked.push(ask());
      const first = Promise.race(asked).then((answer) => ({ answer }));
      const came = await Promise.race([first, pause(pauseMs, over.signal)]);
      if (typeof came === 'boolean') continue;
      taken = came;
      return came.answer;
    }
    throw new DeadlineError(
      what,
      pausesMs.reduce((sum, each) => sum + each, 0),
    );
  } finally {
    over.abort();
    for (const each of asked) void letGoOf(each);
  }

  async function letGoOf(late: Promise<T>): Promise<void> {
    try {
      const answer = await late;
      if (answer !== taken?.answer) await letGo(answer);
    } catch {
      // There is none, or it goes by itself: nobody waits for it.
    }
  }
}
