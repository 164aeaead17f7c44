// An ordinary user starts Lull: it says plainly what is missing.

import { expect } from '@jest/globals';
import { chmodSync, chownSync } from 'node:fs';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { openStage } from '../support/stage.js';

/** "nobody" of Debian; any uid without rights will do. */
const NOBODY = 65_534;

sandboxTest('what is missing is said in one line, with exit code 1', async () => {
  const stage = openStage();
  try {
    // It may write there: what stops it is the lack of rights, and nothing before that.
    chmodSync(stage.directory, 0o755);
    chownSync(stage.directory, NOBODY, NOBODY);
    const said = await stage.say(['up', '--policy', stage.policyFile], { uid: NOBODY });
    expect(said).toMatchObject({ code: 1, stdout: '' });
    expect(said.stderr.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^lull: confining updaters needs root/),
    ]);
    expect(leftovers(stage)).toEqual([]);
  } finally {
    await stage.close();
  }
});

sandboxTest(
  'a part that needs no rights, in a directory of others: which one, in one line',
  async () => {
    const stage = openStage();
    try {
      chmodSync(stage.directory, 0o755);
      const said = await stage.say(['up', '--only', 'sensor-service'], { uid: NOBODY });
      expect(said).toMatchObject({ code: 1, stdout: '' });
      expect(said.stderr.trimEnd().split('\n')).toHaveLength(1);
      expect(said.stderr).toContain(stage.runDir);
    } finally {
      await stage.close();
    }
  },
);
