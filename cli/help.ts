// How --help words a command and an option: what may be left out, and what holds then.

import type { Command, Option } from 'commander';

/** Each word that asks for it. */
const HELP: readonly string[] = ['help', '--help', '-h'];

/** For `configureHelp`: nearly every command has options, and to say so takes room from what it does. */
export function subcommandTerm(command: Command): string {
  const taken = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...taken].join(' ');
}

/**
 * What was typed, but that what asks for help is an option, and left out where it is of no command: that is told
 * as unknown then, and not passed over for the help of what is above it.
 */
export function withHelpAsOption(program: Command, argv: readonly string[]): readonly string[] {
  const { operands } = program.parseOptions([...argv]);
  const isHelp = (word: string): boolean => HELP.includes(word);
  let [at, asks] = [program, false];
  for (const word of operands) {
    if (at.commands.length === 0) break;
    asks ||= word === 'help';
    const next = at.commands.find((command) => command.name() === word);
    if (word !== 'help' && next === undefined) return argv.filter((each) => !isHelp(each));
    at = next ?? at;
  }
  return asks ? [...argv.filter((each) => !isHelp(each)), '--help'] : argv;
}

/** For `configureHelp`. A default that is nothing is not told: it reads as a value that one could give. */
export function optionDescription(option: Option): string {
  const { description, mandatory, argChoices, envVar } = option;
  const byDefault = option.defaultValueDescription ?? defaultText(option.defaultValue);
  const also = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(byDefault === '' ? [] : [`default ${byDefault}`]),
    ...(envVar === undefined ? [] : [envVar]),
  ];
  return also.length === 0 ? description : `${description} (${also.join('; ')})`;
}

function defaultText(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(' ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

/** Below the help of a verb. */
export const ALSO_TAKEN = `
Options of every command, --json among them, are in "lull --help".`;

/** Below the help of `lull`. */
export const WHERE_TO_BEGIN = `
Where to begin:
  lull up --policy FILE      start Lull here
  lull sensors               whether it can tell that nobody is there
  lull updaters add FILE     bring an updater; "enable" accepts it
  lull explain               why nothing runs now`;
