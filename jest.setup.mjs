// Before the first test: what tests start is bundled of what was built last, and what tests that were killed have
// left is cleared away.

import sweep from './dist/test/support/sweep.js';
import { bundle } from './scripts/build.mjs';
import { reportFailure } from './scripts/steps.mjs';

export default async function setUp() {
  try {
    await bundle({ quiet: false });
  } catch (error) {
    reportFailure(error);
    throw error;
  }
  await sweep();
}
