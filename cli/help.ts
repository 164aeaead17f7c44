// How --help words an option: what may be left out, and what holds then.

import type { Option } from 'commander';

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
