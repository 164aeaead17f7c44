// No OCI runtime, and no way to install one: one line says what to do, and nothing is left.

import { expect } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { openStage } from '../support/stage.js';

for (const [how, name] of [
  ['a name that is on no path', 'no-such-runtime'],
  ['a path with nothing there', '/nonexistent/runc'],
] as const) {
  sandboxTest(`${how}: a clear line, exit code 1, nothing left`, async () => {
    const stage = openStage();
    try {
      const up = ['up', '--policy', stage.policyFile, '--oci-runtime', name];
      const said = await stage.say(up);
      expect(said.code).toBe(1);
      expect(said.stdout).toBe('');
      expect(said.stderr.trimEnd().split('\n')).toEqual([
        expect.stringMatching(/^lull: .* is not installed: install it with `apt-get install /),
      ]);
      expect(said.stderr).toContain(name);
      expect(leftovers(stage)).toEqual([]);
      // It was refused before the journal was begun.
      expect(existsSync(join(stage.stateDir, 'orchestrator'))).toBe(false);

      // What was missing is there: the same command now works.
      await (await stage.start()).stop();
      expect(leftovers(stage)).toEqual([]);
    } finally {
      await stage.close();
    }
  });
}
