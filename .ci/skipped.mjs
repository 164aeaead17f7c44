// Fails where tests of the sandbox were skipped: without them the rest says nothing of what Lull promises.
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// As test/support/confinement.ts and plugin-host/sandbox/sandbox.testing.ts say what is missing.
const forLack = /\(skipped[^)]*(needs root|needs runc|is not installed|no control groups)/;
const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status, fullName }) => status === 'pending' && forLack.test(fullName))
  .map(({ fullName }) => fullName);
if (skipped.length > 0) {
  console.error(`${String(skipped.length)} tests need a sandbox and were skipped:`);
  for (const name of skipped.slice(0, 5)) console.error(`  ${name}`);
  process.exit(1);
}
