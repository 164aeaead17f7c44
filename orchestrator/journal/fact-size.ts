// How large a fact may be: as large as an entry that every journal takes. SQLite would take more, but what
// works on one machine works in a fleet.
//
// Invariant: Z1. A fact that is too large is refused to whoever says it, before anything is chained to it: no
// journal meets one that it cannot store.

import type { ReasonCode } from '../../conditions/reason.js';
import { formatBytes } from '../../conditions/words.js';
import { canonicalJson } from './chain.js';
import type { Fact } from './fact.js';

/**
 * The body of an entry as a message has it, bytes. A server of NATS takes 1 MiB in a message unless it is
 * told otherwise, and there is something around it.
 */
export const ENTRY_BYTES_MAX = 960 * 1024;
/** The machine, the host's event and the fleet's entry may be put beside what was said. */
const TAGS_BYTES_MAX = 4 * 1024;
const FACT_BYTES_MAX = ENTRY_BYTES_MAX - TAGS_BYTES_MAX;
/** A character of JSON takes no more, once more as JSON and in UTF-8. */
const BYTES_PER_CHAR_MAX = 3;

export class FactTooLargeError extends Error {
  readonly code = 'FACT_TOO_LARGE' satisfies ReasonCode;
}

/** Why whoever says `fact` has to say less, or undefined. */
export function factProblem(fact: Fact): string | undefined {
  return problemOf(fact.kind, canonicalJson(fact), FACT_BYTES_MAX);
}

/** @throws FactTooLargeError where no journal would take the entry. */
export function refuseTooLarge({
  fact,
  body,
}: {
  readonly fact: Fact;
  readonly body: string;
}): void {
  const problem = problemOf(fact.kind, body, ENTRY_BYTES_MAX);
  if (problem !== undefined) throw new FactTooLargeError(problem); // Z1
}

function problemOf(kind: string, body: string, bytesMax: number): string | undefined {
  if (body.length * BYTES_PER_CHAR_MAX <= bytesMax) return undefined;
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes <= bytesMax) return undefined;
  return `${kind} takes ${formatBytes(bytes)}, and an entry of the journal holds ${formatBytes(bytesMax)}`;
}
