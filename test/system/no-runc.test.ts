// No OCI runtime: Lull starts, says what is missing, watches and explains, and runs nothing, whatever the
// policy says. Nothing is left at its end, and with a runtime the same stage works.

import { expect } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { versionOfApp } from '../support/apps.js';
import { sandboxTest } from '../support/confinement.js';
import { leftovers } from '../support/leftovers.js';
import { onStage } from '../support/stage.js';
import { auditIsWhole, enable, ended, outcomeOf } from '../support/story.js';
import { countOf, reasonWith } from '../support/told.js';

for (const [how, name] of [
  ['a name that is on no path', 'no-such-runtime'],
  ['a path with nothing there', '/nonexistent/runc'],
] as const) {
  sandboxTest(`${how}: it is up, says what to install, and nothing runs`, () =>
    onStage(async (stage, apps) => {
      const running = await stage.start(['--oci-runtime', name]);
      const follower = stage.follow();
      await follower.report('away');
      await enable(running, await stage.bundle('program'), { apps });
      const { message } = await reasonWith(running, 'CONFINEMENT_WEAK');
      expect(message).toContain('the sandbox is none');
      expect(countOf(follower.facts, 'run.admitted')).toBe(0);
      expect(readFileSync(running.logFile, 'utf8')).toMatch(
        new RegExp(
          `no updater runs here: ${name} is not there: name one that is, or install runc with .apt-get install runc`,
        ),
      );
      expect(await running.command(['host'])).toContain('confinement none, no OCI runtime');
      expect(await running.command(['sensors'])).toMatch(/presence/);
      expect(await auditIsWhole(running)).toBe(true);
      await running.stop();
      expect(leftovers(stage)).toEqual([]);

      // What was missing is there: the same stage now works.
      const again = await stage.start();
      const later = stage.follow();
      await later.report('away');
      await ended(later, 'install', 'succeeded');
      expect(await versionOfApp(apps)).toBe('2.0.0');
      await again.stop();
      expect(leftovers(stage)).toEqual([]);
    }),
  );
}

sandboxTest(
  'a policy that asks for no confinement at all: nothing runs unconfined all the same',
  () =>
    onStage(
      async (stage, apps) => {
        const running = await stage.start(['--oci-runtime', 'no-such-runtime']);
        const follower = stage.follow();
        await follower.report('away');
        await enable(running, await stage.bundle('program'), { apps });
        const end = await ended(follower, 'scan', 'failed');
        expect(outcomeOf(end)).toMatchObject({ code: 'CONFINEMENT_WEAK' });
        expect(outcomeOf(end).message).toContain('is not there');
        expect(countOf(follower.facts, 'run.started')).toBe(0);
        expect(await versionOfApp(apps)).toBe('1.0.0');
      },
      { policy: { confinement: 'none' } },
    ),
);
