// Prints the test files that failed, one a line, from jest's report.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
for (const { name, status } of report.testResults) if (status === 'failed') console.log(name);
