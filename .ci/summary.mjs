// Sums up jest's JSON reports and prints "N passed, N failed". The first report is required: without
// it the tests did not run, and that is a failure. The others may have been skipped.

import { existsSync, readFileSync } from 'node:fs';

let passedCount = 0;
let failedCount = 0;
for (const [position, path] of process.argv.slice(2).entries()) {
  if (!existsSync(path)) {
    if (position === 0) failedCount += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(path, 'utf8'));
  // A test that runs a second time is still one test; a failure counts wherever it happens.
  if (position === 0) passedCount += report.numPassedTests;
  // A suite that does not load has no tests of its own to count.
  failedCount += report.numFailedTests + report.numRuntimeErrorTestSuites;
}
console.log(`${String(passedCount)} passed, ${String(failedCount)} failed`);
