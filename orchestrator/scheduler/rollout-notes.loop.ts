// What a machine tells of rollouts: that an update is there, and that it did not work. Whoever keeps what
// holds for all machines writes it; a machine by itself keeps that too.
//
// Invariants:
//   N1. A note that could not be written is written later: without it an update would wait for ever, or a bad
//       one go on.
//   N2. One machine begins so many rollouts in a day and no more (T23): each is an entry in every journal of
//       the fleet, and drives older ones out. The others wait, or another machine begins them. That one failed
//       on a machine is noted once, until an operator has let it go on.

import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Entry } from '../journal/chain.js';
import type { RolledOut, RolloutFact } from '../journal/rollout-fact.js';
import type { Policy } from '../policy/policy.js';
import type { Run } from '../runs/run.js';
import type { Ledger } from '../world/ledger.loop.js';
import { hasRoom, rolloutKey } from '../world/rollouts.js';
import type { UpdateState } from '../world/world.js';
import { charged, fullBucket, refilled, ROLLOUT_QUOTA } from '../journal/fact-quota.js';
import { weightOf } from './requirements.js';
import { ringOf } from './rings.js';

const AGAIN_MS = 5_000;
/** N2. */
const REST_AGAIN_MS = 3_600_000;
/** Failures that wait to be noted. */
const WAITING_MAX = 256;
const nothing: ReadonlySet<string> = new Set();

export function noteRollouts(deps: {
  readonly ledger: Ledger;
  readonly hostId: () => string | undefined;
  readonly policy: () => Policy;
  /** Writes what holds for all machines. */
  readonly note: (facts: readonly RolloutFact[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): Closeable {
  const { ledger, hostId, policy, note, clock, log } = deps;
  let failures: RolloutFact[] = [];
  let noting = false;
  let closed = false;
  let cancel: CancelTimer = () => undefined;
  let quota = fullBucket(ROLLOUT_QUOTA, clock.now().monotonicMs);
  /** What this machine has begun, as far as it is not known yet. */
  let beginning = nothing;
  /** Whether some of it waits (N2). */
  let isWaiting = false;

  function begun(): RolloutFact[] {
    const { updates, rollouts } = ledger.world;
    const unknown = [...updates.values()]
      .map(rolledOut)
      .filter((each) => !rollouts.has(rolloutKey(each)));
    // Where there is none, every machine would write the same after each scan, and begin nothing.
    if (unknown.length === 0 || !hasRoom(rollouts)) return [];
    return withinQuota(unknown).map((each) => ({ kind: 'rollout.started', ...each }));
  }

  /** N2. */
  function withinQuota(unknown: readonly RolledOut[]): readonly RolledOut[] {
    const isBegun = (each: RolledOut): boolean => beginning.has(rolloutKey(each));
    quota = refilled(quota, ROLLOUT_QUOTA, clock.now().monotonicMs);
    const others = unknown.filter((each) => !isBegun(each));
    const news = others.slice(0, Math.max(0, Math.floor(quota.entries)));
    quota = charged(quota, { entries: news.length, bytes: 0 });
    const told = [...unknown.filter(isBegun), ...news];
    beginning = new Set(told.map(rolloutKey));
    const wereWaiting = isWaiting;
    isWaiting = news.length < others.length;
    if (isWaiting && !wereWaiting) {
      const counts = { count: others.length - news.length, dayMax: ROLLOUT_QUOTA.entries };
      log.warn(counts, 'one machine found more updates than it may begin rollouts of in a day');
    }
    return told;
  }

  async function tell(): Promise<void> {
    if (noting || closed || policy().rollout.rings.length === 0) return;
    noting = true;
    cancel();
    const told = failures;
    const facts = [...begun(), ...told];
    try {
      if (facts.length > 0) await note(facts);
      failures = failures.slice(told.length);
      if (isWaiting) cancel = clock.after(REST_AGAIN_MS, () => void tell());
    } catch (error) {
      log.warn({ err: error }, 'a rollout was not noted; it is tried again'); // N1
      cancel = clock.after(AGAIN_MS, () => void tell());
    }
    noting = false;
  }

  function see({ fact }: Entry): void {
    if (fact.kind === 'scan.found') void tell();
    if (fact.kind !== 'run.finished' || fact.outcome.kind !== 'failed') return;
    const run = ledger.world.history.findLast(({ id }) => id === fact.runId);
    const failed = run === undefined ? undefined : failureOf(run, fact.outcome, hostId(), policy());
    if (failed === undefined || failures.length >= WAITING_MAX || isKnown(failed)) return;
    failures = [...failures, failed];
    void tell();
  }

  /** N2. */
  function isKnown(failed: RolloutFailed): boolean {
    return ledger.world.rollouts.get(rolloutKey(failed))?.failed.has(failed.hostId) === true;
  }

  const stop = ledger.onEntry(see);
  void tell();
  return {
    close: () => {
      closed = true;
      cancel();
      stop();
    },
  };
}

type RolloutFailed = Extract<RolloutFact, { kind: 'rollout.failed' }>;

function rolledOut({ updaterId, update }: UpdateState): RolledOut {
  return { updaterId, updateId: update.id, toVersion: update.toVersion };
}

/** What comes again by itself (a network that is away) is no failure of the update. */
function failureOf(
  { work, updaterId }: Run,
  { retry, message }: { readonly retry: boolean; readonly message: string },
  host: string | undefined,
  { rollout }: Policy,
): RolloutFailed | undefined {
  if (work.kind !== 'perform' || retry || host === undefined) return undefined;
  const { id: updateId, toVersion, nextAction } = work.update;
  if (weightOf(nextAction) !== 'change' && nextAction !== 'verify') return undefined;
  const which = { updaterId, updateId, toVersion };
  const { ring } = ringOf(host, rolloutKey(which), rollout.rings);
  return { kind: 'rollout.failed', ...which, hostId: host, ring, why: message.slice(0, 256) };
}
