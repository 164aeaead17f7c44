import { describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { filesFor, verbFiles } from './files.js';
import type { Here } from './here.js';

const namesFor = (line: string): string[] =>
  filesFor(line.split(' ')).flatMap(({ names }) => [...names]);
const all = verbFiles.flatMap(({ names }) => [...names]);

test.each(verbFiles)('the file of $names has these verbs', async ({ names, load }) => {
  const program = new Command();
  (await load())(program, {} as Here);
  expect(program.commands.map((command) => command.name())).toEqual(names);
});

describe('what is loaded for', () => {
  test.each([
    ['audit verify', ['audit']],
    ['--state /x --json audit log', ['audit']],
    ['audit --help', ['audit']],
    // The name of a machine, as far as anybody can tell.
    ['--host keys audit log', ['audit', 'keys']],
  ])('%s', (line, names) => {
    expect(namesFor(line)).toEqual(names);
  });

  test.each(['', '--help', '--help audit', 'audits'])('"%s": all', (line) => {
    expect(namesFor(line)).toEqual(all);
  });

  test('--version: nothing', () => {
    expect(namesFor('--version')).toEqual([]);
  });
});
