import { describe, expect, test } from '@jest/globals';
import { isGranted, readAbsoluteForm, readAuthority } from './target.js';

const grants = ['registry.example:443', '127.0.0.1:4873', '[::1]:80'];

test.each(['registry.example:443', 'Registry.Example:443', '127.0.0.1:4873', '[::1]:80'])(
  'granted: %s',
  (text) => {
    const target = readAuthority(text);
    expect(target !== undefined && isGranted(target, grants)).toBe(true);
  },
);

describe('spellings that another parser would take for a granted host (T14)', () => {
  test.each([
    'registry.example',
    'registry.example:80',
    'registry.example.:443',
    'registry.example:443@evil.example:443',
    'evil.example:443#registry.example:443',
    'registry.example:443/',
    'registry.example\\@evil:443',
    'registry.example:0443x',
    'registry.example:99999',
    'registry.example:0',
    'registry.example:443\r\nhost: evil',
    'registry.example\u0000:443',
    'xregistry.example:443',
    '2130706433:4873',
    '0x7f.1:4873',
    '127.1:4873',
    '[::ffff:127.0.0.1]:4873',
    'registry..example:443',
    ':443',
    '',
    `${'a'.repeat(400)}:443`,
  ])('%j', (text) => {
    const target = readAuthority(text);
    expect(target !== undefined && isGranted(target, grants)).toBe(false);
  });
});

test('the absolute form of a plain request', () => {
  expect(readAbsoluteForm('http://a.example/x?y=1')).toEqual({
    host: 'a.example',
    port: 80,
    path: '/x?y=1',
  });
  expect(readAbsoluteForm('http://a.example:81?y')).toMatchObject({ port: 81, path: '/?y' });
  expect(readAbsoluteForm('http://a.example')).toMatchObject({ path: '/' });
  for (const text of [
    'https://a.example/',
    '/x',
    'http://u@a.example/',
    'http://a.example\\x/',
    'http://a.example/\u00e9',
    'http:///x',
  ]) {
    expect(readAbsoluteForm(text)).toBeUndefined();
  }
});
