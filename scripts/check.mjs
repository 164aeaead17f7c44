// Everything that must hold of the source, besides the tests of what it does: `npm run check`.
//
// Builds first, because types and the architecture tests need it, then runs the rest two at a time.
// Prints a line for each, and the output of those that failed.

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
    await breakingCheck(),
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

async function check({ name, command, skip }) {
  if (skip !== undefined) {
    console.log(`- ${name}: skipped, ${skip}`);
    return;
  }
  const { ok, output, tookMs } = await run(command);
  doneCount += 1;
  if (!ok) failed.push({ name, output });
  console.log(`${ok ? '✓' : '✗'} ${name} ${seconds(tookMs)}`);
}

/** Held against the last release, or against what is committed while there is none. */
async function breakingCheck() {
  const name = 'buf breaking';
  // The one that linked work trees share: theirs alone is no repository to buf.
  const gitDir = await git('rev-parse', '--path-format=absolute', '--git-common-dir');
  if (gitDir === undefined) return { name, skip: 'this is not a git checkout' };
  const tag = await git('describe', '--tags', '--match', 'v*', '--abbrev=0');
  const base = tag ?? (await git('rev-parse', 'HEAD')) ?? 'HEAD';
  if ((await git('cat-file', '-e', `${base}:proto/buf.yaml`)) === undefined) {
    return { name, skip: `${base} has no proto/` };
  }
  const against = `${gitDir}#${tag === undefined ? 'ref' : 'tag'}=${base},subdir=proto`;
  return {
    name: `${name} (against ${base})`,
    command: [bin('buf'), 'breaking', 'proto', '--against', against],
  };
}

async function git(...args) {
  const { ok, output } = await run(['git', ...args]);
  return ok ? output.trim() : undefined;
}
