// Before the first test: what tests that were killed have left is cleared away, with their Lulls' mounts.
// Jest calls it once; see jest.setup.mjs.

import { abandonedStages, clearStage } from './cleared.js';

export default async function sweep(): Promise<void> {
  for (const directory of abandonedStages()) {
    try {
      await clearStage(directory);
    } catch (error) {
      // It is in nobody's way: what is left is looked at again before the next tests.
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(
        `${directory} of tests that were killed could not be cleared away: ${why}\n`,
      );
    }
  }
}
