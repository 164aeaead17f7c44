// What --help says of an option.

import { expect, test } from '@jest/globals';
import { Option } from 'commander';
import { optionDescription } from './help.js';

function said(option: Option): string {
  return optionDescription(option);
}

test('what has to be given says so', () => {
  expect(said(new Option('--why <text>', 'for the audit').makeOptionMandatory())).toBe(
    'for the audit (required)',
  );
});

test('what holds otherwise is said as one would type it', () => {
  const level = new Option('--log-level <level>', 'what is logged').choices(['info', 'warn']);
  expect(said(level.default('info').env('LULL_LEVEL'))).toBe(
    'what is logged (one of info, warn; default info; LULL_LEVEL)',
  );
  const hosts = new Option('--name <host...>', 'names').default(['localhost', '127.0.0.1']);
  expect(said(hosts)).toBe('names (default localhost 127.0.0.1)');
  expect(said(new Option('--only <part...>', 'parts').default(['a', 'b'], 'all'))).toBe(
    'parts (default all)',
  );
});

test.each<[unknown]>([[[]], [''], [false]])(
  'a default that is nothing, %j, is not told',
  (nothing) => {
    expect(said(new Option('--set <name=value...>', 'a setting').default(nothing))).toBe(
      'a setting',
    );
  },
);
