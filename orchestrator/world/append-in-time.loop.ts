// What permits something is done when it is in the journal. Whoever asked for it hears within a while where the
// disk has no room, and whether it will still come to be.

import { status } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock.js';
import type { Fact } from '../journal/fact.js';
import { RpcFailure } from './answer.grpc.js';
import type { Ledger } from './ledger.loop.js';

/** Within what a caller waits for an answer, and longer than a slow disk takes for one entry. */
export const RECORD_MS_MAX = 5_000;

/** @throws RpcFailure NO_SPACE where the journal's disk is full. */
export async function appendInTime(
  { ledger, clock }: { ledger: Pick<Ledger, 'append' | 'isFull'>; clock: Clock },
  facts: readonly Fact[],
): Promise<void> {
  const isFull = (): boolean => ledger.isFull;
  if (isFull()) throw noSpace('nothing was changed. Make room, and say it again');
  const appended = ledger.append(facts);
  let stopTimer = (): void => undefined;
  const late = new Promise<true>((resolve) => {
    stopTimer = clock.after(RECORD_MS_MAX, () => {
      resolve(true);
    });
  });
  const isLate = await Promise.race([appended.then(() => false), late]).finally(stopTimer);
  if (!isLate) return;
  if (!isFull()) return appended;
  // It stays in the queue, and whoever would hear of its end has been answered.
  appended.catch(() => undefined);
  throw noSpace('it is written, and in force, as soon as there is room');
}

function noSpace(so: string): RpcFailure {
  return new RpcFailure(status.UNAVAILABLE, 'NO_SPACE', `the disk of the journal is full: ${so}`);
}
