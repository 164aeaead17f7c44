import { expect, test } from '@jest/globals';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claim } from '../../runtime/claim.fs.js';
import { STAGE, STAGE_PREFIX } from './cleared.js';
import sweep from './sweep.js';

/** More than the kernel gives out: nobody's. */
const DEAD = 4_194_305;

test('a stage of tests that were killed goes, one that is played on and what is no stage stay', async () => {
  const [killed, living, other] = [1, 2, 3].map(() => mkdtempSync(join(tmpdir(), STAGE_PREFIX)));
  const all = [killed, living, other].map((each) => each ?? '');
  try {
    mkdirSync(join(all[0] ?? '', 'state/plugin-host/updaters/61000/work'), { recursive: true });
    writeFileSync(join(all[0] ?? '', `.${STAGE}.${String(DEAD)}.1`), '');
    await claim(all[1] ?? '', STAGE, '');
    await sweep();
    expect(all.map((each) => existsSync(each))).toEqual([false, true, true]);
  } finally {
    for (const each of all) rmSync(each, { recursive: true, force: true });
  }
});
