// Leases: who leads a partition, in a bucket of the server's memory. They may all be lost: then everybody
// claims anew, and the journals take the entries of one.
//
// Invariants:
//   E1. A claim is made by compare-and-swap on what was seen of it: of two that reach for a partition one
//       gets it.
//   E3. When the claims are lost, as after a restart of the server, or were not heard for a while, whoever
//       leads claims first what it leads; what others seem not to lead is theirs for as long as a claim holds.
//   E2. Whoever finds that another one has the claim does not lead any more, at once.
//   E4. Whoever hears nothing goes on: it cannot know, the fence keeps it from harm, and giving up what
//       nobody else has taken would make a storm out of a slow server.
//   E5. Whoever hears nothing does not count as there, although the others still hear it: it says so by
//       compare-and-swap on what it heard last. Otherwise its share would be left to it.
//   E6. A partition that is being let go of, or could not be led, is not reached for.
//   E7. Whoever is still letting go of one does not count as there: the others would leave it its share,
//       which it could not take yet.
//   E8. Nobody waits for a partition to be opened or closed with renewing what else it leads.
//   E9. What was let go of while its claim was on its way to be renewed is not held again by that.
//   E10. Whoever stops says first that it is not there, and then gives back; whoever hears that another
//       one has given something back looks at once. Nobody waits for a round, or for a claim to expire.
//   E11. Whoever may not lead, whatever it were, gives back what it leads and does not count as there.
//   E12. Of two that go by one name, as copies of an image do, the one that was started later leads. The other one
//       lets go, touches no claim in that name, and says so, for as long as that one is there.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Nats } from '../../runtime/nats.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { isConflict } from '../groups/bucket.kv.js';
import { isOutOfReach } from '../journal/reach.jetstream.js';
import { NEVER_CLAIMED, openClaims } from './claims.kv.js';
import { keepRounds } from './rounds.loop.js';
import { sharesOf } from './shares.js';
import { problemOf, replacedWords, type Refusal } from './standing.js';

const ROUND_EVERY_MS = 400;
/** E6. What stands in the way seldom goes away by itself. */
const REFUSED_FOR_MS = 5_000;
/** E6. What could not be asked passes by itself, as servers agree on who leads what. */
const UNANSWERED_FOR_MS = 500;

export interface Leases extends Closeable {
  /** Leads it no more, for a reason of its own. */
  giveUp(partition: string): void;
  /** What keeps this orchestrator from leading, in words; undefined: nothing. */
  readonly problem: () => string | undefined;
  /** Gives up everything, so that others need not wait for it to expire, and claims nothing more. */
  close(): Promise<void>;
}

/** Claims this orchestrator's share, and keeps it up. */
export async function keepLeases(deps: {
  readonly nats: Nats;
  /** This orchestrator's name; no other one has it. */
  readonly self: string;
  readonly partitions: readonly string[];
  /** Copies of a bucket that is made. */
  readonly replicaCount: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether it may lead anything at all (E11). */
  readonly mayLead: () => boolean;
  /** Leads it from now on. Rejects: it could not, and gives it up. */
  readonly onTaken: (partition: string) => Promise<void>;
  /** Does not lead it any more: given up, or lost to another (E2). */
  readonly onReleased: (partition: string) => Promise<void>;
}): Promise<Leases> {
  const { nats, self, partitions, replicaCount, clock, log } = deps;
  const held = new Map<string, number>();
  /** What is being opened and closed: both may take longer than a claim holds unrenewed. */
  const taking = new Map<string, Promise<unknown>>();
  const lettingGo = new Map<string, Promise<unknown>>();
  const refusals = new Map<string, Refusal>();
  let closed = false;
  let wasReplaced = false;
  const rounds = keepRounds(
    () =>
      round().catch((error: unknown) => {
        log.warn({ err: error }, 'the leases of the fleet are out of reach');
      }),
    { everyMs: ROUND_EVERY_MS, clock },
  );
  const onGivenBack = (): void => {
    rounds.hasten(); // E10
  };
  const claims = await openClaims({ nats, self, replicaCount, clock, log, onGivenBack });

  async function renew(partition: string, revision: number): Promise<void> {
    if (claims.isReplaced()) return; // E12: it is let go of in the next round.
    const found = claims.leadSeen(partition);
    if (found !== undefined && found.owner !== self && found.revision > revision) {
      log.warn({ partition, owner: found.owner }, 'another one leads a partition');
      letGo(partition); // E2, also of whoever hears and is not heard.
      return;
    }
    try {
      const renewed = await claims.putLead(partition, self, latest(partition, revision));
      if (held.get(partition) === revision) held.set(partition, renewed); // E9
    } catch (error) {
      if (held.get(partition) !== revision) return; // E9
      if (isOutOfReach(error)) {
        log.warn({ partition }, 'the lead of a partition could not be renewed; it is tried again'); // E4
        return;
      }
      log.warn({ err: error, partition }, 'the lead of a partition is lost');
      letGo(partition); // E2
    }
  }

  async function take(partition: string): Promise<void> {
    const revision = claims.leadSeen(partition)?.revision ?? NEVER_CLAIMED;
    try {
      held.set(partition, await claims.putLead(partition, self, revision)); // E1
    } catch (error) {
      // Another one was faster; anything else is tried again in the next round.
      if (!isConflict(error)) log.warn({ err: error, partition }, 'a partition was not claimed');
      return;
    }
    const done = deps
      .onTaken(partition)
      .then(() => refusals.delete(partition))
      .catch((error: unknown) => {
        log.error({ err: error, partition }, 'a partition cannot be led from here');
        const why = error instanceof Error ? error.message : String(error);
        const untilMs =
          clock.now().monotonicMs + (isOutOfReach(error) ? UNANSWERED_FOR_MS : REFUSED_FOR_MS);
        refusals.set(partition, { why, untilMs, newsUntilMs: untilMs + REFUSED_FOR_MS });
        release(partition);
      })
      .finally(() => taking.delete(partition));
    taking.set(partition, done);
  }

  /** E8. @param takeBack what becomes of its claim when nothing of it is left. */
  function letGo(partition: string, takeBack?: (revision: number) => Promise<unknown>): void {
    const revision = held.get(partition);
    if (revision === undefined) return;
    held.delete(partition);
    const done = Promise.resolve(taking.get(partition))
      .then(() => deps.onReleased(partition))
      .then(() => (claims.isReplaced() ? undefined : takeBack?.(revision))) // E12
      .catch((error: unknown) => {
        log.warn({ err: error, partition }, 'a partition was not given back; its claim expires');
      })
      .finally(() => lettingGo.delete(partition));
    lettingGo.set(partition, done);
  }

  function release(partition: string): void {
    letGo(partition, (revision) => claims.putLead(partition, '', latest(partition, revision))); // E1
  }

  /** A renewal may have gone through of which nobody has said so. */
  function latest(partition: string, revision: number): number {
    const { owner, revision: found } = claims.leadSeen(partition) ?? { owner: '', revision };
    return owner === self ? Math.max(revision, found) : revision;
  }

  /** E3, E6. */
  function mayTake(partition: string): boolean {
    const refusedMs = refusals.get(partition)?.untilMs ?? Number.NEGATIVE_INFINITY;
    const isRefused = refusedMs > clock.now().monotonicMs;
    return !lettingGo.has(partition) && !isRefused && claims.canTellExpired();
  }

  /** E5 */
  async function sayThatIAmThere(): Promise<void> {
    if (!(await claims.sayThatIAmThere())) return;
    for (const partition of held.keys()) held.set(partition, NEVER_CLAIMED); // E3
  }

  /** E12. @returns whether another one does what this one is there for. */
  function isReplaced(): boolean {
    const replaced = claims.isReplaced();
    if (replaced && !wasReplaced) log.error(replacedWords(self));
    wasReplaced = replaced;
    return replaced;
  }

  async function round(): Promise<void> {
    if (isReplaced()) {
      for (const partition of [...held.keys()]) letGo(partition);
      return;
    }
    if (!deps.mayLead()) {
      [...held.keys()].forEach(release); // E11
      return;
    }
    if (lettingGo.size === 0) await sayThatIAmThere(); // E7
    await Promise.all([...held].map(([partition, revision]) => renew(partition, revision)));
    if (closed) return;
    const mine = new Set(held.keys());
    const shares = sharesOf(self, partitions, claims.members(), claims.leads(), mine);
    shares.release.forEach(release);
    await Promise.all(shares.take.filter(mayTake).map(take));
  }

  rounds.start();

  return {
    giveUp: (partition) => {
      release(partition);
    },
    problem: () =>
      wasReplaced
        ? replacedWords(self)
        : problemOf(claims.members().get(self), refusals, clock.now().monotonicMs),
    close: async () => {
      closed = true;
      await rounds.stop();
      if (!claims.isReplaced()) await claims.sayThatIAmGone(); // E10, E12
      [...held.keys()].forEach(release);
      await Promise.all(lettingGo.values());
      await claims.close();
    },
  };
}
