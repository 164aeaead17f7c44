// What a run changes in a root that it may write: the host lists it before and after, by digest.
//
//   list before ─▶ record on the disk ─▶ the run ─▶ list after ─▶ what changed, in the record's place ─▶ told
//        └─ it is over before it could write ─▶ record removed ◀─ the journal has it ──────────────────────┘
//
// Invariants:
//   K1. The record is durable before the root can be written: whatever ends the run, or the host, what
//       was there before is known, and what came of it is told at the end or at the next start, and at
//       each start until the journal has it.
//   K2. Nothing of it stops a run or keeps one from ending: a root that is too large, or cannot be
//       read, is told as such.
//   K3. A run that is frozen is listed no further; what is told at its end waits for nobody.
//   K4. What others change afterwards is never told as the run's: from its end on the record has what came
//       of it, and a run that never could write has none.
//
// What is in a record, and what came of a root, is found out beside the loop: trees/record.fs.ts.

import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import { writeDurably } from '../../runtime/durable.fs.js';
import { errorCode } from '../channel/host-failure.js';
import type { RootChange } from '../channel/hosted-run.js';
import type { Pass } from '../trees/pass.js';
import type { RecordHeading, WritableRoot } from '../trees/record.fs.js';
import type { Trees } from '../trees/trees.loop.js';

type Tell = (run: { runId: string; epoch: number }, change: RootChange) => void;

export interface RootRecords {
  /**
   * K1. @param pass of the run (K3).
   * @throws where the record cannot be made durable.
   */
  begin(
    run: { runId: string; epoch: number },
    roots: readonly WritableRoot[],
    pass: Pass,
  ): Promise<void>;
  /** Tells what became of the roots. */
  end(runId: string, tell: Tell): Promise<void>;
  /** The same for every run that a crash has cut, and again what the journal may not have. */
  endAll(tell: Tell): Promise<void>;
  /** The journal has what came of this root. Never rejects. */
  heard(run: { runId: string; epoch: number }, root: string): Promise<void>;
}

export function openRootRecords({
  dir,
  trees,
  log,
}: {
  readonly dir: string;
  readonly trees: Trees;
  readonly log: Log;
}): RootRecords {
  const fileOf = (run: { runId: string; epoch: number }, root: string): string =>
    join(dir, `${prefixOf(run.runId)}${String(run.epoch)}-${root}.json`);

  /** @param again also what was told before, by a process that is no more. */
  async function finish(file: string, tell: Tell, again: boolean): Promise<void> {
    const { heading, change } = await trees.carryOut('changeSince', { file: join(dir, file) });
    const { runId, epoch, root } = heading;
    const isKnown = heading.change !== undefined;
    if (!isKnown) await settle(file, { runId, epoch, root, change });
    if (!isKnown || again) tell({ runId, epoch }, change);
  }

  /** K4. Where it cannot be written it is told once. */
  async function settle(file: string, heading: RecordHeading): Promise<void> {
    const to = fileOf(heading, heading.root.name);
    const written = await writeDurably(to, `${JSON.stringify(heading)}\n`).then(
      () => true,
      (error: unknown) => {
        log.warn({ err: error, root: heading.root.path }, 'what was changed in it is told once');
        return false;
      },
    );
    if (!written || to !== join(dir, file)) await rm(join(dir, file), { force: true });
  }

  async function finishAll(prefix: string, tell: Tell, again: boolean): Promise<void> {
    const names = await readdir(dir).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return []; // No run has ever written a root.
      log.error({ err: error, dir }, 'what was changed in roots is not known'); // K2
      return [];
    });
    for (const name of names.filter((each) => each.startsWith(prefix) && each.endsWith('.json'))) {
      await finish(name, tell, again).catch((error: unknown) => {
        log.error({ err: error, record: name }, 'what was changed in a root is not known'); // K2
      });
    }
  }

  return {
    begin: async ({ runId, epoch }, roots, pass) => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      try {
        for (const root of roots) {
          const file = fileOf({ runId, epoch }, root.name);
          await trees.carryOut('record', { file, heading: { runId, epoch, root } }, pass);
        }
      } catch (error) {
        for (const { name } of roots) await rm(fileOf({ runId, epoch }, name), { force: true }); // K4
        throw error;
      }
    },
    end: (runId, tell) => finishAll(prefixOf(runId), tell, false),
    endAll: (tell) => finishAll('', tell, true),
    heard: async (run, root) => {
      await rm(fileOf(run, root), { force: true }).catch((error: unknown) => {
        log.warn({ err: error, root }, 'what was changed in a root is told again after a start');
      });
    },
  };
}

/** A run's id is never part of a path (T7). */
function prefixOf(runId: string): string {
  return `${createHash('sha256').update(runId).digest('hex').slice(0, 16)}-`;
}
