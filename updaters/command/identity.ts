// Who this updater is. Its manifest says so, in the entry point: whoever keeps two tools packs the same
// bundle twice, under two ids, and edits nothing but two manifests.

import type { Description } from '../../sdk/updater.js';

/** @throws Error that says what the entry point lacks. */
export function descriptionOf([name, version]: readonly string[]): Description {
  if (name === undefined || version === undefined) {
    throw new Error(
      'the manifest\'s entrypoint has to end with its id and its version, as in ["node", "main.mjs", ' +
        '"dev.lull.command", "0.1.0"]',
    );
  }
  return { name, version, capabilities: {}, software: ["what a tool of the operator's own keeps"] };
}
