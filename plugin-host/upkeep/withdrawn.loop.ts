// Clearing away what updaters kept here that are not registered any more: their work directories, and
// what they were shown. The orchestrator says who is registered and how long the others' is kept.
//
// Invariants:
//   V1. Nothing is cleared away before an orchestrator has said who is registered: one that is silent
//       has withdrawn nobody.
//   V2. Since when somebody is absent is durable, so that restarts do not keep it for ever.
//   V3. Of whom a run is on nothing is touched; the next look is for that.

import { existsSync, readFileSync } from 'node:fs';
import type { CancelTimer, Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { writeDurably } from '../../runtime/durable.fs.js';
import type { Place, Places } from '../runs/places.fs.js';
import { absencesNow, goneForGood, type Absences } from './withdrawn.js';

/** Whatever was not to be had, such as a directory that is still mounted, is tried again after so long. */
const LOOK_EVERY_MS = 600_000;

export interface Withdrawn extends Closeable {
  /** Who is registered by now. Resolves when that was looked at; never rejects. */
  heard(registered: readonly string[], keepMs: number): Promise<void>;
}

export function clearWithdrawn(deps: {
  /** Keeps the absences. */
  readonly file: string;
  readonly places: Pick<Places, 'inhabited' | 'clear'>;
  readonly isBusy: (updaterId: string) => boolean;
  /** Unmounts a work directory. */
  readonly release: (workDir: string) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): Withdrawn {
  const { file, places, clock, log } = deps;
  let absences: Absences = new Map(
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as [string, number][]) : [],
  );
  let said: { readonly registered: ReadonlySet<string>; readonly keepMs: number } | undefined;
  let cancelLook: CancelTimer = () => undefined;
  let going = Promise.resolve();
  let closed = false;

  function look(): Promise<void> {
    cancelLook();
    going = going.then(lookNow).catch((error: unknown) => {
      log.warn({ err: error }, 'could not clear away what a withdrawn updater has left');
      lookAgain(LOOK_EVERY_MS);
    });
    return going;
  }

  async function lookNow(): Promise<void> {
    if (closed || said === undefined) return; // V1
    const { registered, keepMs } = said;
    const nowMs = clock.now().wallMs;
    await remember(absencesNow(absences, places.inhabited(), registered, nowMs));
    const { gone, nextMs } = goneForGood(absences, keepMs, nowMs);
    for (const id of gone) await clear(id);
    const left = gone.length > 0 ? LOOK_EVERY_MS : undefined;
    const againMs = nextMs ?? left;
    if (againMs !== undefined) lookAgain(Math.min(againMs, LOOK_EVERY_MS));
  }

  /** What one of them left in a way that cannot be removed keeps nobody else's. */
  async function clear(id: string): Promise<void> {
    try {
      const ready = (place: Place): Promise<boolean> => readyFor(id, place);
      if (await places.clear(id, ready)) log.info({ updater: id }, 'cleared away what it had left');
    } catch (error) {
      log.warn({ err: error, updater: id }, 'could not clear away what it has left');
    }
  }

  async function readyFor(id: string, { workDir }: Place): Promise<boolean> {
    if (closed || deps.isBusy(id) || said?.registered.has(id) === true) return false; // V3
    await deps.release(workDir);
    return true;
  }

  async function remember(next: Absences): Promise<void> {
    const text = JSON.stringify([...next]);
    if (text === JSON.stringify([...absences])) return;
    await writeDurably(file, text); // V2
    absences = next;
  }

  function lookAgain(delayMs: number): void {
    if (!closed) cancelLook = clock.after(delayMs, () => void look());
  }

  return {
    heard: (registered, keepMs) => {
      said = { registered: new Set(registered), keepMs };
      return look();
    },
    close: async () => {
      closed = true;
      cancelLook();
      await going;
    },
  };
}
