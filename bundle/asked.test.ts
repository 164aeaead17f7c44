// What an operator accepts, in words.

import { expect, test } from '@jest/globals';
import { asked } from './asked.js';
import { manifestWith } from './manifest.testing.js';

test('the least that a manifest asks for is a scope, actions and limits', () => {
  expect(asked(manifestWith({}))).toEqual([
    'scope user-mode, runtime host',
    'actions download, install',
    'limits memory_mb 64, processes 8, disk_mb 100, run_s 1800',
  ]);
});

test('every place, host and setting is named, and why a setting is wanted', () => {
  const words = asked(
    manifestWith({
      settings: [{ name: 'words', kind: 'path', why: 'the directory of the list' }],
      install_roots: [{ name: 'words', path: '{words}' }],
      roots: [{ name: 'cache', path: '/srv/cache' }],
      egress: ['example.com:8443'],
      fetch: ['https://example.com/words/'],
      critical_max_s: 5,
    }),
  );
  expect(words.slice(2, -1)).toEqual([
    'setting words (path): the directory of the list',
    'install root words ({words})',
    'writable root cache (/srv/cache)',
    'host example.com:8443',
    'URL prefix https://example.com/words/',
    'critical_max_s 5',
  ]);
});

test('what it looks after comes first, as far as a line holds it', () => {
  const [software] = asked(manifestWith({ software: ['the word list'] }));
  expect(software).toBe('for the word list');
  const many = Array.from({ length: 64 }, (_, n) => `program ${String(n)}`);
  expect(asked(manifestWith({ software: many }))[0]).toMatch(/program 7, and 56 more$/);
});
