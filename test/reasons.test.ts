// docs/reasons.md says what conditions/reason.ts says, code by code and in its order.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { reasons } from '../conditions/reason.js';
import { repositoryRoot } from './architecture/tree.fs.js';

interface Row {
  code: string;
  meaning: string;
  remedy: string;
}

function rowsOf(markdown: string): Row[] {
  return markdown.split('\n').flatMap((line) => {
    const match = /^\| `(?<code>[A-Z_]+)`\s*\| (?<meaning>[^|]+)\| (?<remedy>[^|]*)\|$/.exec(line);
    if (match?.groups === undefined) return [];
    const { code = '', meaning = '', remedy = '' } = match.groups;
    return [{ code, meaning: meaning.trim(), remedy: remedy.trim() }];
  });
}

const rows = rowsOf(readFileSync(join(repositoryRoot(), 'docs/reasons.md'), 'utf8'));

describe('docs/reasons.md', () => {
  test('has every code of the table with its meaning, in its order, and no other', () => {
    expect(rows.map(({ code, meaning }) => [code, meaning])).toEqual(Object.entries(reasons));
  });

  test('says for every code what an operator can do', () => {
    expect(rows.filter(({ remedy }) => remedy === '')).toEqual([]);
  });

  test('would be noticed when it lacks a code', () => {
    expect(rowsOf('| `ONE_TWO` | It is. | Wait. |\n| other | x | y |')).toEqual([
      { code: 'ONE_TWO', meaning: 'It is.', remedy: 'Wait.' },
    ]);
  });
});

test('every code is in capitals, and every meaning one sentence that fits a table', () => {
  const crooked = Object.entries(reasons).filter(
    ([code, meaning]) => !/^[A-Z]+(?:_[A-Z]+)*$/.test(code) || !/^[A-Z][^|]*[^.|]\.$/.test(meaning),
  );
  expect(crooked).toEqual([]);
});
