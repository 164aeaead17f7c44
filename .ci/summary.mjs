// Sums up jest's JSON reports: names each test that failed and what it said first, and prints
// "N passed, N failed" as the last line. The first report is required: without it the tests did not
// run, and that is a failure. The others may have been skipped. Those behind --again are of tests that
// ran before.

import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** Of a message: what was expected, and what came. */
const LINES_MAX = 12;

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
  const second = existsSync(`${path}.again`) ? readReport(`${path}.again`) : undefined;
  name(report, second === undefined ? 'failed' : 'failed at first');
  if (second !== undefined) name(second, 'failed again');
  const failed = failuresOf(second ?? report);
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

function name({ testResults }, how) {
  for (const { name: file, message, status, assertionResults } of testResults) {
    if (status !== 'failed') continue;
    const failures = assertionResults.filter((result) => result.status === 'failed');
    if (failures.length === 0) say(file, 'the whole file', message);
    for (const failure of failures) say(file, failure.fullName, failure.failureMessages.join('\n'));
  }

  function say(file, test, message) {
    const words = stripVTControlCharacters(message).trim().split('\n').slice(0, LINES_MAX);
    console.log(`${how}: ${relative('.', file)}: ${test}\n  ${words.join('\n  ')}`);
  }
}
