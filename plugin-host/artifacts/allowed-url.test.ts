import { describe, expect, test } from '@jest/globals';
import { checkUrl } from './allowed-url.js';

const prefixes = ['https://registry.example/', 'http://127.0.0.1:4873/npm/'];

describe('under a granted prefix', () => {
  test.each([
    ['https://registry.example/a/-/a-1.0.0.tgz', 'https://registry.example/a/-/a-1.0.0.tgz'],
    ['https://registry.example/@s%2fname', 'https://registry.example/@s%2fname'],
    ['HTTPS://Registry.Example:443/a', 'https://registry.example/a'],
    ['http://127.0.0.1:4873/npm/x', 'http://127.0.0.1:4873/npm/x'],
    ['https://registry.example/a/.b;c/..d/e%252ff', 'https://registry.example/a/.b;c/..d/e%252ff'],
    ['https://registry.example/a#fragment', 'https://registry.example/a'],
    ['https://registry.example/a/../b', 'https://registry.example/b'],
  ])('%s', (text, href) => {
    const checked = checkUrl(text, prefixes);
    expect(checked.kind === 'ok' ? checked.url.href : checked).toBe(href);
  });
});

describe('not under one', () => {
  test.each([
    'http://registry.example/a',
    'https://registry.example.evil/a',
    'https://registry.example./a',
    'https://evil.example/https://registry.example/',
    'https://registry.example:8443/a',
    'http://127.0.0.1:4873/other',
    'http://127.0.0.1:4873/npm/../other',
    'http://127.0.0.1:4873/npm/%2e%2e/other',
    'http://2130706433:4874/npm/',
    'http://[::ffff:127.0.0.1]:4873/npm/',
  ])('%s', (text) => {
    expect(checkUrl(text, prefixes).kind).toBe('not-granted');
  });
});

describe('refused before a parser sees it (T14)', () => {
  test.each([
    'https://registry.example@evil.example/',
    'https://user:word@registry.example/',
    'https://registry.example\\@evil.example/',
    'https://registry.example/a b',
    'https://registry.example/a\r\nhost: evil',
    'https://registry.example/\u0000',
    'https://registry.exam\u0440le/',
    'https:///registry.example/',
    'ftp://registry.example/',
    'file:///etc/passwd',
    '//registry.example/',
    '',
    'http://127.0.0.1:4873/npm/..%2fother',
    'http://127.0.0.1:4873/npm/%2e%2e%2fother',
    'http://127.0.0.1:4873/npm/x%2f..%2f..%2fother',
    'http://127.0.0.1:4873/npm/x%5c..%5cother',
    'http://127.0.0.1:4873/npm/..;/other',
    'http://127.0.0.1:4873/npm/%2e%2e;a=b/other',
    'http://127.0.0.1:4873/npm/%252e%252e/other',
    'http://127.0.0.1:4873/npm/..%252fother',
    'http://127.0.0.1:4873/npm/%25252e./other',
    `https://registry.example/${'a'.repeat(2_048)}`,
  ])('%j', (text) => {
    expect(checkUrl(text, prefixes).kind).toBe('malformed');
  });
});
