import { describe, expect, test } from '@jest/globals';
import { journalPlace, placeText } from './place.js';

describe('the place of a journal', () => {
  test.each([
    ['/var/lib/lull/journal.db', { kind: 'file', path: '/var/lib/lull/journal.db' }],
    ['journal.db', { kind: 'file', path: 'journal.db' }],
    ['nats://127.0.0.1:4222/fleet-0', { kind: 'stream', partition: 'fleet-0' }],
    ['tls://lull:secret@nats.example/a', { kind: 'stream', partition: 'a' }],
  ])('%s', (text, expected) => {
    expect(journalPlace(text)).toMatchObject(expected);
  });

  test.each([
    ['http://127.0.0.1/a', 'not at http:'],
    ['nats://127.0.0.1:4222', 'name of the partition'],
    ['nats://', 'no URL'],
  ])('%s is none', (text, why) => {
    expect(() => journalPlace(text)).toThrow(why);
  });

  test('is shown without its password', () => {
    const text = placeText(journalPlace('nats://lull:secret@127.0.0.1:4222/fleet-0'));
    expect(text).toBe('nats://127.0.0.1:4222/fleet-0');
  });
});
