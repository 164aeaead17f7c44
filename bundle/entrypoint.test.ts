import { expect, test } from '@jest/globals';
import { entrypointProblems } from './entrypoint.js';
import type { Manifest } from './manifest.js';

function problems(program: string): string[] {
  const file = { size: 1, sha256: 'a'.repeat(64) };
  const files = [
    { ...file, path: 'main', executable: true },
    { ...file, path: 'bin/tool', executable: true },
    { ...file, path: 'main.py', executable: false },
  ];
  const entrypoint = [program, 'main.py'];
  return entrypointProblems({ entrypoint, bundle: { files } } as unknown as Manifest);
}

test.each(['node', 'python3', '/usr/bin/env', './main', './bin/tool', 'bin/tool'])(
  '%s can be there',
  (program) => {
    expect(problems(program)).toEqual([]);
  },
);

test.each([
  ['./mian', 'no file of the bundle'],
  ['bin/main', 'no file of the bundle'],
  ['./main.py', 'chmod \\+x'],
  ['main', 'is looked for in PATH'],
])('%s cannot: %s', (program, words) => {
  expect(problems(program)).toEqual([expect.stringMatching(words)]);
});
