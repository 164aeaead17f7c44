// lull conformance: for vendors. The suite, and what makes a sandbox, are loaded here alone.

import type { Command } from 'commander';
import { CommandError, VALUE_SENSELESS } from '../failure.js';
import type { Here } from './here.js';

interface Given {
  readonly set: string[];
  readonly root: string[];
  readonly only?: string[];
  readonly manifest?: string;
  readonly junit?: string;
  readonly html?: string;
  readonly long?: boolean;
  readonly list?: boolean;
}

export function addConformance(program: Command, here: Here): void {
  program
    .command('conformance [bundle-or-socket]')
    .description('for vendors: try whether an updater keeps the contract, in the real sandbox')
    .option('--set <name=value...>', 'a setting that the manifest asks for', [])
    .option('--root <name=dir...>', 'what a root holds before: a directory, which is copied', [])
    .option('--only <clause...>', 'only these clauses, or groups of them')
    .option('--manifest <file>', 'what an updater on a socket declares')
    .option('--junit <file>', 'write a report for programs of CI')
    .option('--html <file>', 'write a page')
    .option('--long', 'try also what takes minutes')
    .option('--list', 'what is tried, and what the contract says of it')
    .action(async (what: string | undefined, given: Given) => {
      const { conformance, listClauses } = await import('../commands/conformance.js');
      if (given.list === true) {
        listClauses(here.json());
        return;
      }
      if (what === undefined) {
        const which = 'name a bundle (FILE.lull), or the socket of an updater that you started';
        throw new CommandError(`nothing to try: ${which}`, VALUE_SENSELESS);
      }
      const { failedCount } = await conformance({
        what,
        settings: pairs('--set', given.set),
        roots: pairs('--root', given.root),
        only: given.only,
        manifestFile: given.manifest,
        junitFile: given.junit,
        htmlFile: given.html,
        long: given.long === true,
        json: here.json().json,
      });
      if (failedCount > 0) process.exitCode = 1;
    });
}

function pairs(option: string, given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given.map((pair) => {
      const cut = pair.indexOf('=');
      if (cut < 1)
        throw new CommandError(`${option} wants NAME=VALUE, not "${pair}"`, VALUE_SENSELESS);
      return [pair.slice(0, cut), pair.slice(cut + 1)] as const;
    }),
  );
}
