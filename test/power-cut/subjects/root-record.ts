// The record of what was in a root before a run could write it: it is whole before the run begins, and the
// next start tells by it what the run has changed, also where that was told and nobody has heard it.

import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootChange } from '../../../plugin-host/channel/hosted-run.js';
import { openRootRecords, type RootRecords } from '../../../plugin-host/install/root-record.fs.js';
import { createLog } from '../../../runtime/log.js';
import type { Subject } from '../subject.js';
import { newPass } from '../../../plugin-host/trees/pass.js';
import { treesAtOnce } from '../../../plugin-host/trees/at-once.testing.js';

/** The record is written; what the run has changed is told. */
const BEGUN = 1;
const TOLD = 2;
const FILES = 40;
const run = { runId: 'run-1', epoch: 1 };

const rootIn = (directory: string): string => join(directory, 'root');
const recordsOn = (directory: string): RootRecords =>
  openRootRecords({
    dir: join(directory, 'root-records'),
    // Not in threads: the rig sees the steps of its own.
    trees: treesAtOnce(() => undefined),
    log: createLog('power-cut', 'silent'),
  });
/** So long that the record has many blocks. */
const nameOf = (at: number): string => `${'a-long-name-'.repeat(18)}${String(at)}`;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const rootRecord: Subject = {
  prepare: async (directory) => {
    await mkdir(rootIn(directory));
    for (let at = 0; at < FILES; at += 1) {
      await writeFile(join(rootIn(directory), nameOf(at)), String(at));
    }
  },
  write: async (directory, promised) => {
    const records = recordsOn(directory);
    const roots = [{ name: 'tools', path: rootIn(directory) }];
    await records.begin(run, roots, newPass());
    promised(BEGUN);
    await writeFile(join(rootIn(directory), nameOf(7)), 'changed');
    await records.end(run.runId, () => {
      promised(TOLD);
    });
  },
  problems: async (directory, promised) => {
    const told: RootChange[] = [];
    await recordsOn(directory).endAll((of, change) => {
      if (of.runId === run.runId && of.epoch === run.epoch) told.push(change);
    });
    if (told.length === 0) return promised >= BEGUN ? ['what was there before is not known'] : [];
    return told.flatMap(({ problem, changes }) => [
      ...(problem === '' ? [] : [problem]),
      ...changes.flatMap(({ path, beforeSha256 }) =>
        path === nameOf(7) && beforeSha256 === sha256('7')
          ? []
          : [`${path} was not ${beforeSha256} before`],
      ),
    ]);
  },
};
