import { describe, expect, test } from '@jest/globals';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readKey, signatureProblem, type SigningKey } from './minisign.js';
import { signedWith, minisignKey } from './testing/minisign.js';

// What minisign itself made: a key that its tests publish, and its signature of "test".
const published = 'RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3';
const signature = [
  'untrusted comment: signature from minisign secret key',
  'RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=',
  'trusted comment: timestamp:1556193335\tfile:test',
  'y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==',
].join('\n');
const content = Buffer.from('test');

function key(text = published): SigningKey {
  const read = readKey(text);
  if (read === undefined) throw new Error(`${text} is no key`);
  return read;
}

test('what minisign has signed is what it has signed', () => {
  expect(signatureProblem(content, signature, key())).toBeUndefined();
  expect(signatureProblem(content, signature.replaceAll('\n', '\r\n'), key())).toBeUndefined();
});

test('so is what was signed without a hash, as it was done before', () => {
  const pair = generateKeyPairSync('ed25519');
  const own = key(minisignKey(pair.publicKey));
  const text = signedWith(pair, content, { kind: 'Ed' });
  expect(signatureProblem(content, text, own)).toBeUndefined();
  expect(signatureProblem(Buffer.from('else'), text, own)).toContain('something else');
  // A hash that was signed as if it were the content is another content.
  expect(signatureProblem(content, text.replace('RWQ', 'RUQ'), own)).toBeDefined();
});

describe('refused is', () => {
  const lines = signature.split('\n');
  const withLine = (at: number, line: string): string => lines.with(at, line).join('\n');
  const other = generateKeyPairSync('ed25519');
  const cases: [string, Buffer, string, string][] = [
    ['another content', Buffer.from('Test'), signature, 'something else'],
    ['another comment', content, withLine(2, 'trusted comment: file:other'), 'its comment'],
    ['no comment', content, lines.slice(0, 2).join('\n'), 'no signature'],
    [
      'another signature of the comment',
      content,
      withLine(3, lines[3]?.replace('y', 'z') ?? ''),
      'its comment',
    ],
    ['a page', content, '<html>\n<body>', 'no signature'],
    ['nothing', content, '', 'no signature'],
    ['another key', content, signedWith(other, content, { id: 7 }), 'another key'],
    [
      'another key of the same id',
      content,
      signedWith(other, content, { idOf: key() }),
      'something else',
    ],
    [
      'another way to sign',
      content,
      withLine(1, lines[1]?.replace('RUQ', 'RVQ') ?? ''),
      'not known',
    ],
  ];
  test.each(cases)('%s', (_name, bytes, text, words) => {
    expect(signatureProblem(bytes, text, key())).toContain(words);
  });
});

test.each(['', 'none', 'RWQ', published.slice(4), `${published}AA`, published.replace('RW', 'AA')])(
  '"%s" is no key',
  (text) => {
    expect(readKey(text)).toBeUndefined();
  },
);

test('a key is read with the blanks around it', () => {
  const pair = generateKeyPairSync('ed25519');
  expect(sign(null, content, pair.privateKey)).toHaveLength(64);
  expect(readKey(` ${minisignKey(pair.publicKey)}\n`)).toBeDefined();
});
