// A machine by itself whose journal cannot be written any more: it does not stay, as one that starts nothing and
// says that it is well. It ends, and says why and what to do; whatever starts services starts it anew.

import { expect, test } from '@jest/globals';
import Database from 'libsql';
import { join } from 'node:path';
import { chainEntry } from '../../orchestrator/journal/chain.js';
import { openSqliteJournal } from '../../orchestrator/journal/sqlite.js';
import type { Said } from '../support/lull-process.spawn.js';
import { openStage } from '../support/stage.js';

const MS_MAX = 60_000;

/** What an orchestrator ends with that is told something after this was done to its journal. */
async function endedAfter(harm: (file: string) => void | Promise<void>): Promise<Said> {
  const stage = openStage({ isFleet: false });
  try {
    const up = stage.spawn(['up', '--only', 'orchestrator', '--policy', stage.policyFile]);
    expect(await up.said('is up')).toBe(true);
    await harm(join(stage.stateDir, 'orchestrator', 'journal.db'));
    const order = await stage.say(['pause-all', '--why', 'a test']);
    expect(order).toMatchObject({ code: 1 });
    return await up.ended;
  } finally {
    await stage.close();
  }
}

test(
  'written by another: it has lost the journal, and ends with a code of its own',
  async () => {
    const { code, stderr } = await endedAfter(async (file) => {
      const theirs = await openSqliteJournal(file);
      const note = { kind: 'run.notice', runId: 'run-9', message: 'theirs' } as const;
      const { sequence, atMs, body, hash } = chainEntry(await theirs.head(), 1, note);
      await theirs.append([{ sequence, atMs, body, hash }]);
      await theirs.close();
    });
    expect(code).toBe(4);
    expect(stderr).toMatch(
      /^lull: the journal goes no further: .*journal\.db has been written by somebody else, up to entry 2\..*end the other/m,
    );
  },
  MS_MAX,
);

test(
  'its file is not what it was: it ends as what failed',
  async () => {
    const { code, stderr } = await endedAfter((file) => {
      const db = new Database(file);
      db.exec('DROP TABLE entries');
      db.close();
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^lull: the journal goes no further: .*no such table/m);
  },
  MS_MAX,
);
