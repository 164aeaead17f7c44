// Fails where tests of the sandbox, or of a fleet, were skipped: without them the rest says nothing of what
// Lull promises.
import { readFileSync } from 'node:fs';

const { testResults } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
// As test/support/confinement.ts, plugin-host/sandbox/sandbox.testing.ts and the tests of whatever speaks NATS
// say what is missing.
const forLack =
  /\(skipped[^)]*(needs root|needs runc|is not installed|no control groups|needs nats-server)/;
const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status, fullName }) => status === 'pending' && forLack.test(fullName))
  .map(({ fullName }) => fullName);
if (skipped.length > 0) {
  console.error(
    `${String(skipped.length)} tests need a sandbox, or a nats-server, and were skipped:`,
  );
  for (const name of skipped.slice(0, 5)) console.error(`  ${name}`);
  process.exit(1);
}
