// A restraint is in force when it is said. The call that said it is answered when it is in the journal as
// well, and with an error that says what is the case when that takes too long.

import { status } from '@grpc/grpc-js';
import type { Clock } from '../../runtime/clock.js';
import { JournalBusyError } from '../world/entry-log.loop.js';
import type { Restraint } from '../world/restraints.js';
import { RpcFailure } from './answer.grpc.js';
import type { OperatorDeps } from './deps.grpc.js';

/** Within what a caller waits for an answer, and longer than a slow disk takes for one entry. */
const RECORD_MS_MAX = 5_000;

export async function recorded(
  { ledger, clock, wake }: Pick<OperatorDeps, 'ledger' | 'clock' | 'wake'>,
  restraint: Restraint,
): Promise<void> {
  const durable = ledger.impose(restraint).then(() => 'durable' as const);
  wake(); // Before anything is awaited.
  const outcome = await Promise.race([durable.catch(reasonOf), late(clock)]);
  if (outcome !== 'durable') throw notRecorded(outcome);
}

function late(clock: Clock): Promise<string> {
  return new Promise((resolve) => {
    clock.after(RECORD_MS_MAX, () => {
      resolve('the journal has not taken it yet; its disk may be full');
    });
  });
}

/** @throws what was refused, and is not in force. */
function reasonOf(error: unknown): string {
  if (error instanceof JournalBusyError) throw error;
  return (error as Error).message;
}

function notRecorded(why: string): RpcFailure {
  const message = `it is in force, but not recorded (${why}): it would be lost over a restart`;
  return new RpcFailure(status.UNAVAILABLE, 'NOT_RECORDED', message);
}
