// Everything that must hold of the source, besides the tests of what it does: `npm run check`.
//
// Builds first, because types and the architecture tests need it, then runs the rest two at a time.
// Prints a line for each, and the output of those that failed.

import { readdirSync } from 'node:fs';
import { run, root, seconds } from './steps.mjs';
import { availableParallelism } from 'node:os';

const node = process.execPath;
const bin = (name) => `${root}/node_modules/.bin/${name}`;
const jest = [
  '--experimental-vm-modules',
  '--no-warnings',
  'node_modules/jest/bin/jest.js',
  '--silent',
];
/** Two, also on larger machines: eslint and tsc take a gigabyte each. */
const PARALLEL_MAX = Math.min(2, availableParallelism());

const startedAtMs = performance.now();
const failed = [];
let doneCount = 0;

await check({ name: 'types and build', command: [node, 'scripts/setup.mjs'] });
// Without dependencies and a build the others can only fail for the same reason.
if (failed.length === 0) {
  const rest = [
    { name: 'eslint', command: [bin('eslint'), '--max-warnings', '0', '.'] },
    {
      name: 'architecture',
      command: [node, ...jest, 'dist/test/architecture', 'dist/test/reasons'],
    },
    { name: 'knip', command: [bin('knip')] },
    { name: 'prettier', command: [bin('prettier'), '--check', '--log-level', 'warn', '.'] },
    { name: 'buf lint', command: [bin('buf'), 'lint', 'proto'] },
    { name: 'buf format', command: [bin('buf'), 'format', '--diff', '--exit-code', 'proto'] },
    breakingCheck(),
  ];
  await Promise.all(Array.from({ length: PARALLEL_MAX }, () => drain(rest)));
}

for (const { name, output } of failed) {
  console.log(`\n── ${name} ──\n${output.trimEnd()}`);
}
const total = `${String(doneCount)} checks in ${seconds(performance.now() - startedAtMs)}`;
console.log(
  `\n${total}, ${failed.length === 0 ? 'all passed' : `${String(failed.length)} failed`}`,
);
process.exit(failed.length === 0 ? 0 : 1);

async function drain(queue) {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await check(next);
}

async function check({ name, command }) {
  const { ok, output, tookMs } = await run(command);
  doneCount += 1;
  if (!ok) failed.push({ name, output });
  console.log(`${ok ? '✓' : '✗'} ${name} ${seconds(tookMs)}`);
}

/** Held against the protos of the newest version that has left something for those after it. */
function breakingCheck() {
  const versions = readdirSync(`${root}/test/compatibility`)
    .filter((name) => /^\d+\.\d+\.\d+$/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const against = `test/compatibility/${versions.at(-1)}/proto.binpb`;
  return {
    name: `buf breaking (against ${versions.at(-1)})`,
    command: [bin('buf'), 'breaking', 'proto', '--against', against],
  };
}
