// The fleet's ledger, as every orchestrator has it: it reads what it follows, and asks the one that leads
// the fleet's partition to write.
//
// Invariants:
//   A1. What is appended was decided on the world as it is: when somebody else has written of the same
//       meanwhile, it is refused, and whoever decided may decide once more (decided-anew.ts).
//   A2. What restrains is in force in every orchestrator before it is in the journal, and in whatever one
//       of them leads later. It is asked for until it is there, and before anything else that this one
//       writes.

import { status } from '@grpc/grpc-js';
import type { ReasonCode } from '../../conditions/reason.js';
import { FLEET_PARTITION, subjects } from '../../proto/subjects.js';
import { Halt } from '../../proto/gen/lull/link/v1/link.js';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { RpcFailure } from '../world/answer.grpc.js';
import { canonicalJson, type Head } from '../journal/chain.js';
import type { Fact } from '../journal/fact.js';
import { FactTooLargeError, factProblem } from '../journal/fact-size.js';
import { JournalBusyError } from '../journal/journal.js';
import { marked, say } from '../link/say.nats.js';
import { DecidedOnOldError } from '../world/decided-anew.js';
import { RESTRAINTS_MAX } from '../world/entry-log.loop.js';
import type { Ledger } from '../world/ledger.loop.js';
import { oneAtATime } from '../world/one-at-a-time.loop.js';
import { restrained, type Imposed } from '../world/restraints.js';
import type { JournalVerdict } from '../world/verify-journal.loop.js';
import { concerns, mayShareRoots } from './concerns.js';
import type { FleetFollower } from './follower.nats.js';
import { noteOnce } from './note-once.loop.js';
import { answered } from './write-asked.nats.js';

const ASK_MS_MAX = 5_000;
const FOLLOW_MS_MAX = 5_000;
/** A2. */
const RECORD_AGAIN_MS = 2_000;
/** Of rollouts that begin: a message holds no more. */
const NOTES_AT_ONCE_MAX = 256;
/** Others write at the same time, of other things. */
const TRIES_MAX = 16;

/** Nobody leads the fleet now, or who does so could not write. */
class FleetBusyError extends Error {
  readonly code = 'FLEET_BUSY' satisfies ReasonCode;
}

export interface FleetLedger extends Ledger, Closeable {
  /** Appends what is true whatever was written meanwhile, and what many say at once one time. */
  readonly note: ReturnType<typeof noteOnce>;
}

export function fleetLedger(deps: {
  readonly nats: Nats;
  readonly follower: FleetFollower;
  /** Why no orchestrator may lead the fleet; undefined: nothing is known to be in the way. */
  readonly whyNobody: () => string | undefined;
  /** Reads the journal itself, up to what was followed: that is what is kept. */
  readonly verify: (known: Head) => Promise<JournalVerdict>;
  readonly clock: Clock;
  readonly log: Log;
}): FleetLedger {
  const { follower, clock, log } = deps;
  const { connection } = deps.nats;
  const imposed = new Set<Imposed>();
  /** Those of them that could not be recorded when they were said; with the head at that time. */
  const late = new Map<Imposed, number>();
  const underWay = new Set<Fact>();
  let recording: Promise<void> | undefined;
  let cancelAgain: CancelTimer | undefined;
  let closed = false;

  async function ask(facts: readonly Fact[], after: number | undefined): Promise<void> {
    if (facts.length === 0) return;
    for (const fact of facts) {
      const problem = factProblem(fact);
      if (problem !== undefined) throw new FactTooLargeError(problem);
    }
    const body = JSON.stringify({ facts, after });
    let reply;
    try {
      reply = await connection.request(subjects.ask(FLEET_PARTITION), body, {
        timeout: ASK_MS_MAX,
        headers: marked(),
      });
    } catch (error) {
      const lost = deps.whyNobody();
      if (lost !== undefined) throw new RpcFailure(status.UNAVAILABLE, 'JOURNAL_LOST', lost);
      throw new FleetBusyError('no orchestrator leads the fleet now; try again in a moment', {
        cause: error,
      });
    }
    const answer = answered.parse(reply.json());
    if ('full' in answer) throw new RpcFailure(status.UNAVAILABLE, 'NO_SPACE', answer.full);
    if ('refused' in answer) throw new FleetBusyError(answer.refused);
    if ('changed' in answer) throw new DecidedOnOldError();
    await follower.until(answer.sequence, FOLLOW_MS_MAX);
  }

  /** @param after the head when it was said: an answer that was lost has written it since. */
  async function record(restraint: Imposed, after: number): Promise<void> {
    const text = canonicalJson(restraint.fact);
    const isThere = follower.entries.some(
      ({ sequence, fact }) => sequence > after && canonicalJson(fact) === text,
    );
    if (!isThere) await ask([restraint.fact], undefined);
    late.delete(restraint);
    imposed.delete(restraint);
  }

  /** A2. @throws why one could not be. */
  function recordLate(): Promise<void> {
    recording ??= (async () => {
      for (const [restraint, after] of [...late]) await record(restraint, after);
    })().finally(() => {
      recording = undefined;
    });
    return recording;
  }

  function recordAgain(): void {
    if (closed || cancelAgain !== undefined) return;
    cancelAgain = clock.after(RECORD_AGAIN_MS, () => {
      void recordLate()
        .catch((error: unknown) => {
          log.warn({ err: error, count: late.size }, 'what is in force is not recorded yet');
        })
        .then(() => {
          cancelAgain = undefined;
          if (late.size > 0) recordAgain();
        });
    });
  }

  /** @param decidedOn the head of what it was decided on. */
  async function appendOn(facts: readonly Fact[], decidedOn: number): Promise<void> {
    await recordLate();
    if (mayShareRoots(follower.entries.slice(decidedOn), facts)) throw new DecidedOnOldError();
    for (let tries = 1; ; tries += 1) {
      const after = follower.head.sequence;
      try {
        await ask(facts, after); // A1
        return;
      } catch (error) {
        if (!(error instanceof DecidedOnOldError) || tries >= TRIES_MAX) throw error;
        await follower.until(after + 1, FOLLOW_MS_MAX);
        if (concerns(follower.entries.slice(after), facts)) throw error;
      }
    }
  }

  return {
    world: follower.world,
    isFull: false, // Whoever leads the fleet says so of itself.
    get head() {
      return follower.head;
    },
    get inForce() {
      return restrained(follower.world, imposed);
    },
    impose: async (fact) => {
      if (imposed.size >= RESTRAINTS_MAX) throw new JournalBusyError();
      const restraint = { fact, atMs: Math.round(clock.now().wallMs) };
      imposed.add(restraint);
      say(connection, subjects.restrain, Buffer.from(JSON.stringify(fact))); // A2
      if (fact.kind === 'switch.tripped') {
        say(connection, subjects.halt, Halt.encode({ why: fact.why }).finish());
      }
      const after = follower.head.sequence;
      try {
        await record(restraint, after);
      } catch (error) {
        late.set(restraint, after);
        recordAgain();
        throw error;
      }
    },
    underWay,
    append: async (facts) => {
      for (const fact of facts) underWay.add(fact);
      try {
        await appendOn(facts, follower.head.sequence);
      } finally {
        for (const fact of facts) underWay.delete(fact);
      }
    },
    note: noteOnce(
      async (facts) => {
        for (let at = 0; at < facts.length; at += NOTES_AT_ONCE_MAX) {
          await ask(facts.slice(at, at + NOTES_AT_ONCE_MAX), undefined);
        }
      },
      (key) => follower.world.rollouts.has(key),
    ),
    read: follower.read,
    verify: oneAtATime(() => deps.verify(follower.head)),
    onEntry: (listener) => follower.onEntry(listener),
    close: () => {
      closed = true;
      cancelAgain?.();
    },
  };
}
