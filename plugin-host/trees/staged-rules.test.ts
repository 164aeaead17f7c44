import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { posix } from 'node:path';
import { linkProblem, plainSegments } from './staged-rules.js';

test('two harmless-looking links cannot climb out together', () => {
  expect(linkProblem('deep/d/l', '../..')).toBeUndefined();
  expect(linkProblem('deep/d/m', 'l/..')).toMatch('goes up after it went down');
});

test('a link that is accepted stays in the tree, read letter by letter', () => {
  const segment = fc.constantFrom('..', '.', 'a', 'b', '');
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 4 }),
      fc.array(segment, { minLength: 1, maxLength: 6 }),
      (path, target) => {
        const text = target.join('/');
        if (linkProblem(path.join('/'), text) !== undefined) return;
        const resolved = posix.normalize(posix.join(...path.slice(0, -1), text));
        expect(resolved === '..' || resolved.startsWith('../') || text.startsWith('/')).toBe(false);
      },
    ),
  );
});

test('plain paths only (T7)', () => {
  expect(plainSegments('a/b.c/@d')).toEqual(['a', 'b.c', '@d']);
  for (const path of ['', '/', 'a/', '/a', './a', 'a/..', 'a\nb', 'a\0', 'a/\ufffd']) {
    expect(plainSegments(path)).toBeUndefined();
  }
});
