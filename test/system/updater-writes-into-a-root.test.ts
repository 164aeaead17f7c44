// An updater whose tools keep a database of their own writes into a root: what it changed is in the
// journal by digest, as the host saw it, also where it was killed half-way, or the host was.

import { expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fact } from '../../harness/follow.grpc.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers, leftoversAfterKill, updaterProcesses } from '../support/leftovers.js';
import { onStage, type Stage } from '../support/stage.js';
import { auditIsWhole, enable, ended, noticed, outcomeOf, STEP_MS_MAX } from '../support/story.js';

const manifest = {
  actions: ['install'],
  settings: [{ name: 'db', kind: 'path', why: 'where the packages are noted' }],
  install_roots: [],
  roots: [{ name: 'db', path: '{db}' }],
};

function rootIn(stage: Stage): string {
  const db = join(stage.directory, 'db');
  mkdirSync(db);
  writeFileSync(join(db, 'status'), 'old');
  writeFileSync(join(db, 'kept'), 'kept');
  return db;
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

const firstHalf = { path: 'first', beforeSha256: '', afterSha256: digestOf('a line\n') };
const rest = [
  {
    ...firstHalf,
    beforeSha256: firstHalf.afterSha256,
    afterSha256: digestOf('a line\n'.repeat(2)),
  },
  { path: 'second', beforeSha256: '', afterSha256: digestOf('done') },
  { path: 'status', beforeSha256: digestOf('old'), afterSha256: digestOf('new') },
];

function rootsChanged(facts: readonly Fact[]): readonly Fact[] {
  return facts.filter(({ kind }) => kind === 'root.changed');
}

sandboxTest('killed -9 half-way: each attempt has what it changed', () =>
  onStage(async (stage) => {
    const db = rootIn(stage);
    const running = await stage.start();
    const follower = stage.follow();
    await enable(running, await stage.bundle('rooted', { manifest }), { db });
    await follower.report('away');
    const { runId } = await noticed(follower, 'half');
    for (const pid of updaterProcesses(stage)) process.kill(pid, 'SIGKILL');
    expect(outcomeOf(await ended(follower, 'install', 'failed')).code).toBe('UPDATER_CRASHED');
    await ended(follower, 'install', 'succeeded');

    const changed = rootsChanged(follower.facts);
    expect(changed).toMatchObject([
      { runId, root: 'db', path: db, changes: [firstHalf], truncated: false },
      { runId, changes: rest },
    ]);
    expect(changed[1]?.['treeBeforeSha256']).toBe(changed[0]?.['treeAfterSha256']);
    // It could not write while it looked, and now the root is its own.
    const found = follower.facts.find(({ kind }) => kind === 'scan.found');
    expect(found?.['updates']).toMatchObject([{ title: 'db' }]);
    expect(statSync(join(db, 'kept')).uid).toBe(statSync(join(db, 'second')).uid);
    expect(readFileSync(join(db, 'kept'), 'utf8')).toBe('kept');
    expect(await auditIsWhole(running)).toBe(true);
    await running.stop();
    expect(leftovers(stage)).toEqual([]);
  }),
);

sandboxTest(
  'all of Lull is killed -9 half-way: the next start tells what the cut run changed',
  () =>
    onStage(async (stage) => {
      const db = rootIn(stage);
      const first = await stage.start();
      const before = stage.follow();
      await enable(first, await stage.bundle('rooted', { manifest }), { db });
      await before.report('away');
      const { runId } = await noticed(before, 'half');
      process.kill(first.pid, 'SIGKILL');
      await first.exited;

      const second = await stage.start();
      const after = stage.follow();
      await after.report('away');
      const told = await after.fact(
        'what the cut run changed',
        ({ kind }) => kind === 'root.changed',
        STEP_MS_MAX,
      );
      expect(told).toMatchObject({ runId, changes: [firstHalf] });
      await ended(after, 'install', 'succeeded');
      expect(rootsChanged(after.facts).at(-1)).toMatchObject({ runId, changes: rest });
      expect(await auditIsWhole(second)).toBe(true);
      await second.stop();
      expect(await leftoversAfterKill(stage)).toEqual([]);
    }),
);
