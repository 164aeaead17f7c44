// How Lull itself judges what an updater says: the same code that judges it on a machine.

import { updateFromWire } from '../../orchestrator/link/update.wire.js';
import { reasonFromUpdater } from '../../plugin-host/channel/dial-error.js';
import { floodProblem, noFinds, withFind } from '../../plugin-host/runs/finds.js';
import { Update } from '../../proto/gen/lull/updater/v1/updater.js';
import type { Judges } from '../../sdk/conformance/trial.js';

export const judges: Judges = {
  scan: (found) => {
    let finds = noFinds;
    for (const update of found) {
      const { byteLength } = Update.encode(update).finish();
      finds = withFind(finds, byteLength);
      const flood = floodProblem(finds, byteLength);
      if (flood !== undefined) return flood;
      const received = updateFromWire(update);
      if (received.kind === 'invalid') return received.why;
      if (received.oddity !== undefined) return received.oddity;
    }
    return undefined;
  },
  isReason: (word) => reasonFromUpdater(word) !== undefined,
};
