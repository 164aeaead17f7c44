// A restraint is in force when it is said. Whoever said it hears whether it is in the journal as well, or
// that this takes too long.

import type { Clock } from '../../runtime/clock.js';
import { JournalBusyError } from '../journal/journal.js';
import { RECORD_MS_MAX } from './append-in-time.loop.js';
import type { Ledger } from './ledger.loop.js';
import type { Restraint } from './restraints.js';

/**
 * @returns what is to be told of it where it is not recorded; undefined: it is.
 * @throws JournalBusyError where it is refused, and not in force.
 */
export async function imposeInTime(
  { ledger, clock, wake }: { ledger: Ledger; clock: Clock; wake: () => void },
  restraint: Restraint,
): Promise<string | undefined> {
  const durable = ledger.impose(restraint).then(() => undefined);
  wake(); // Before anything is awaited.
  const why = await Promise.race([durable.catch(reasonOf), late(clock)]);
  return why === undefined
    ? undefined
    : `it is in force, but not recorded (${why}): it would be lost over a restart`;
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
