// Prints the tests of a report that were skipped, whose names say why, so that nobody takes them for passed.

import { existsSync, readFileSync } from 'node:fs';

const [path = ''] = process.argv.slice(2);
const results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
for (const { status, fullName } of results.flatMap((file) => file.assertionResults)) {
  if (status === 'pending') console.log(`skipped: ${fullName}`);
}
