// Sums up jest's JSON reports and prints "N passed, N failed". The first report is required: without
// it the tests did not run, and that is a failure. The others may have been skipped. Those behind
// --again are of tests that ran before.

import { existsSync, readFileSync } from 'node:fs';

let passedCount = 0;
let failedCount = 0;
let again = false;
for (const [position, path] of process.argv.slice(2).entries()) {
  if (path === '--again') {
    again = true;
    continue;
  }
  if (!existsSync(path)) {
    if (position === 0) failedCount += 1;
    continue;
  }
  const report = readReport(path);
  // Files that failed were run once more; what they say then is what counts.
  const failed = failuresOf(existsSync(`${path}.again`) ? readReport(`${path}.again`) : report);
  // A test that runs a second time is still one test; a failure counts wherever it happens.
  if (!again) passedCount += report.numTotalTests - report.numPendingTests - failed;
  failedCount += failed;
}
console.log(`${String(passedCount)} passed, ${String(failedCount)} failed`);

function readReport(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** A suite that does not load has no tests of its own to count. */
function failuresOf(report) {
  return report.numFailedTests + report.numRuntimeErrorTestSuites;
}
