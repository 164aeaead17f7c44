import { describe, expect, test } from '@jest/globals';
import { binsOf, leadsInto, linkChanges } from './bins.js';
import {
  directoryNameOf,
  documentUrl,
  isPackageName,
  nameOfUpdate,
  updateIdOf,
} from './package-name.js';

describe('the commands of a package', () => {
  const cases: [string, unknown, [string, string][]][] = [
    ['one, named like the package', { name: 'a', bin: './cli.js' }, [['a', 'cli.js']]],
    [
      'one, named like the package without its scope',
      { name: '@s/a', bin: 'cli.js' },
      [['a', 'cli.js']],
    ],
    [
      'several',
      { name: 'a', bin: { a: 'a.js', b: 'lib/b.js' } },
      [
        ['a', 'a.js'],
        ['b', 'lib/b.js'],
      ],
    ],
    ['none', { name: 'a' }, []],
    ['a name that leads out', { name: 'a', bin: { '../../x': 'x.js' } }, [['x', 'x.js']]],
    ['a name that is no name', { name: 'a', bin: { '..': 'x.js', '': 'x.js' } }, []],
    [
      'a file that leads out',
      { name: 'a', bin: { a: '../../../etc/passwd' } },
      [['a', 'etc/passwd']],
    ],
    ['no file', { name: 'a', bin: { a: 1, b: '' } }, []],
    ['not even an object', null, []],
  ];
  test.each(cases)('%s', (_name, about, expected) => {
    expect([...binsOf(about)]).toEqual(expected);
  });
});

describe('the links in bin', () => {
  const old = '../lib/node_modules/a/old.js';
  test('are made, changed, removed and left alone', () => {
    const bins = new Map([
      ['a', 'cli.js'],
      ['new', 'new.js'],
    ]);
    const present = new Map([
      ['a', old],
      ['gone', old],
      ['other', '../lib/node_modules/ab/cli.js'],
      ['script', undefined],
    ]);
    expect(linkChanges('a', bins, present)).toEqual([
      { kind: 'make', command: 'a', target: '../lib/node_modules/a/cli.js' },
      { kind: 'make', command: 'new', target: '../lib/node_modules/a/new.js' },
      { kind: 'remove', command: 'gone' },
    ]);
  });

  test.each([
    ['a file', undefined],
    ["another package's link", '../lib/node_modules/b/cli.js'],
    ['a link that leads through this package to another one', '../lib/node_modules/a/../b/cli.js'],
  ])('are not put in the place of %s', (_name, target) => {
    expect(linkChanges('a', new Map([['x', 'x.js']]), new Map([['x', target]]))).toEqual([
      { kind: 'taken', command: 'x' },
    ]);
  });

  test('of a scope', () => {
    expect(leadsInto('@s/a', '../lib/node_modules/@s/a/cli.js')).toBe(true);
    expect(leadsInto('@s/a', '../lib/node_modules/@s/ab/cli.js')).toBe(false);
  });
});

describe('a package name', () => {
  test.each(['a', 'json5', 'js-yaml', '@scope/name', 'lodash.camelcase', 'JSONStream'])(
    '%s',
    (name) => {
      expect(isPackageName(name)).toBe(true);
      expect(nameOfUpdate(updateIdOf(name))).toBe(name);
    },
  );

  test.each([
    '',
    '.',
    '..',
    '.bin',
    '_x',
    'a/b',
    '@s',
    '@s/',
    '@/a',
    '@s/..',
    'a b',
    'a\n',
    'a\0',
    '../a',
    '%2e%2e',
    'x'.repeat(200),
  ])('%j is none', (name) => {
    expect(isPackageName(name)).toBe(false);
    expect(nameOfUpdate(updateIdOf(name))).toBeUndefined();
  });

  test('becomes one directory and one address', () => {
    expect(directoryNameOf('@scope/name')).toBe('@scope+name');
    expect(documentUrl('https://r.example', '@scope/name')).toBe('https://r.example/@scope%2fname');
    expect(documentUrl('https://r.example/npm/', 'name')).toBe('https://r.example/npm/name');
  });
});
