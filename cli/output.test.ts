// What is written to a terminal moves no cursor, whoever said it.

import { afterEach, expect, jest, test } from '@jest/globals';
import { write } from './output.js';

const said = { title: 'a\u001b[2J\u009b2Jb\u202ec\r', lines: 2n };

afterEach(() => {
  jest.restoreAllMocks();
});

function written(json: boolean): string {
  const out: string[] = [];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out.push(String(text));
    return true;
  });
  write(said, { json }, ({ title }) => `${title}\nnext`);
  return out.join('');
}

test('escapes and marks that reorder text are shown as what they are not', () => {
  expect(written(false)).toBe('a\ufffd[2J\ufffd2Jb\ufffdc\ufffd\nnext\n');
});

test('in JSON they are escaped, so that programs read what was said', () => {
  const json = written(true);
  for (const char of ['\u001b', '\u009b', '\u202e', '\r']) expect(json).not.toContain(char);
  expect(JSON.parse(json)).toEqual({ ...said, lines: 2 });
});
