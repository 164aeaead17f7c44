// A command is found in the file that has it.

import { expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addCommands, groups } from './groups.js';
import type { Here } from './here.js';

/** Nothing is asked of it before a command runs. */
const here = {} as Here;

async function added(name: string | undefined): Promise<string[]> {
  const program = new Command('lull');
  await addCommands(program, here, name);
  return program.commands.map((command) => command.name());
}

test.each(groups.map(({ names }) => [names]))('%j come from one file', async (names) => {
  for (const name of names) expect(await added(name)).toEqual(names);
});

test.each([
  ['for help', undefined],
  ['for the help of one', 'help'],
  ['for what is mistyped', 'statsu'],
])('every command is there %s, in one order', async (_what, name) => {
  expect(await added(name)).toEqual(groups.flatMap(({ names }) => names));
});
