// Updates as a careless or hostile updater reports them: refused in words, or bounded.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Action } from '../../proto/gen/lull/updater/v1/updater.js';
import type { ReceivedUpdate } from '../runs/update.js';
import { updateFromWire, updateToWire } from './update.wire.js';

type WireUpdate = Parameters<typeof updateFromWire>[0];

const MEGABYTE = 1_000_000;
const plain = updateToWire({
  ...{ id: 'a', title: 'Program a', fromVersion: '1.0.0', toVersion: '2.0.0', security: false },
  ...{ releaseNotesUrl: '', closedApps: [], exclusive: false, conflictKeys: [] },
  nextAction: 'download',
});

function received(changes: Partial<WireUpdate>): ReceivedUpdate {
  return updateFromWire({ ...plain, ...changes });
}

function accepted(changes: Partial<WireUpdate>) {
  const it = received(changes);
  if (it.kind === 'invalid') throw new Error(it.why);
  return it.update;
}

function needing(needs: Partial<NonNullable<WireUpdate['needs']>>): Partial<WireUpdate> {
  return {
    needs: { network: false, restartApp: false, reboot: false, closedApps: [], ...needs },
  };
}

test.each<[string, Partial<WireUpdate>]>([
  ['a network', needing({ network: true })],
  ['closed programs', needing({ closedApps: ['/usr/bin/a', 'flatpak:org.a.B', 'snap:a'] })],
  ['nothing', needing({})],
])('what it needs comes back to its updater as the scan gave it: %s', (_what, needs) => {
  expect(updateToWire(accepted(needs))).toEqual({ ...plain, ...needs });
});

test.each<[string, Partial<WireUpdate>]>([
  ['an id of 128', { id: 'x'.repeat(128) }],
  ['versions of 64', { fromVersion: '1'.repeat(64), toVersion: '2'.repeat(64) }],
  ['a digest of 128', { digest: `~${'x'.repeat(127)}` }],
  ['a digest of one', { digest: '!' }],
  ['a page of release notes', { releaseNotesUrl: 'https://example.com/notes' }],
  ['one without TLS', { releaseNotesUrl: 'http://example.com/notes' }],
  ['16 keys of 128', { conflictKeys: Array.from({ length: 16 }, () => 'k'.repeat(128)) }],
  [
    '16 programs of 1,024',
    needing({ closedApps: Array.from({ length: 16 }, () => `/${'a'.repeat(1_023)}`) }),
  ],
])('as much as the contract allows is kept as it came: %s', (_what, changes) => {
  expect(updateToWire(accepted(changes))).toEqual({ ...plain, ...changes });
});

describe('refused, with what is wrong', () => {
  test.each<[string, Partial<WireUpdate>, string]>([
    ['no id', { id: '' }, 'its id'],
    ['an id of a megabyte', { id: 'x'.repeat(MEGABYTE) }, 'its id'],
    ['an id that is a path upwards and a line', { id: '../a\nb' }, 'its id'],
    ['an id of 129', { id: 'x'.repeat(129) }, 'its id'],
    ['no version', { toVersion: '' }, 'its to_version'],
    ['a version of 65', { toVersion: '1'.repeat(65) }, 'its to_version'],
    ['a version of a megabyte', { toVersion: '1'.repeat(MEGABYTE) }, 'its to_version'],
    ['a version before that cannot be printed', { fromVersion: '\u001b[2J' }, 'its from_version'],
    ['a version of two words', { toVersion: '2.0 beta' }, 'a: its to_version is not 1 to 64'],
    ['no title', { title: '' }, 'a: it has no title'],
    ['a digest of 129', { digest: 'x'.repeat(129) }, 'a: its digest is not 1 to 128'],
    ['a digest of two words', { digest: 'a b' }, 'a: its digest'],
    ['a digest that begins with a line', { digest: '\na' }, 'a: its digest'],
    ['a digest that ends with an escape', { digest: 'a\u001b' }, 'a: its digest'],
    ['a key of 129', { conflictKeys: ['k'.repeat(129)] }, 'conflict_keys has more than 128'],
    ['a program of 1,025', needing({ closedApps: [`/${'a'.repeat(1_024)}`] }), 'more than 1024'],
    ['a path that begins nowhere', needing({ closedApps: ['usr/bin/a'] }), 'absolute path'],
    ['a Flatpak without an id', needing({ closedApps: ['flatpak:'] }), 'absolute path'],
    ['no action', { nextAction: Action.UNSPECIFIED }, 'a: it names no next action'],
    ['a program that no sensor would find', needing({ closedApps: ['firefox'] }), 'absolute path'],
  ])('%s', (_what, changes, said) => {
    const it = received(changes);
    expect(it).toMatchObject({ kind: 'invalid', why: expect.stringContaining(said) as unknown });
    expect(JSON.stringify(it).length).toBeLessThan(200);
  });
});

describe('bounded', () => {
  test('a title of a megabyte is cut, and its escapes are gone', () => {
    const { title } = accepted({ title: `\u001b[2J${'x'.repeat(MEGABYTE)}` });
    expect(title.length).toBeLessThanOrEqual(256);
    expect(title).not.toContain('\u001b');
  });

  test('names of keys and programs have no escapes left', () => {
    const { closedApps, conflictKeys } = accepted({
      conflictKeys: ['k\u001b[2J'],
      ...needing({ closedApps: ['/a\u001b[2J'] }),
    });
    expect([conflictKeys, closedApps]).toEqual([['k\ufffd[2J'], ['/a\ufffd[2J']]);
  });

  test.each<[string, string[]]>([
    ['17 of them', Array.from({ length: 17 }, (_, i) => `k${String(i)}`)],
    ['one that is too long', ['x'.repeat(1_025)]],
  ])('what restrains it is never cut short, it is refused: %s', (_what, names) => {
    const apps = names.map((name) => `/${name}`);
    expect(received({ conflictKeys: names })).toMatchObject({
      kind: 'invalid',
      why: expect.stringContaining('conflict_keys'),
    });
    expect(received(needing({ closedApps: apps }))).toMatchObject({
      kind: 'invalid',
      why: expect.stringContaining('closed_apps'),
    });
    const { closedApps, conflictKeys } = accepted({
      conflictKeys: names.slice(0, 16).map((name) => name.slice(0, 128)),
      ...needing({ closedApps: apps.slice(0, 16).map((name) => name.slice(0, 1_024)) }),
    });
    expect([closedApps.length, conflictKeys.length]).toEqual([
      Math.min(names.length, 16),
      Math.min(names.length, 16),
    ]);
  });

  test.each([-1n, 2n ** 64n - 1n, 2n ** 63n])('%s is no size and no deadline', (value) => {
    const { downloadBytes, installBytes, deadlineAtMs } = accepted({
      ...{ downloadBytes: value, installBytes: value, deadlineUnixMs: value },
    });
    expect([downloadBytes, installBytes, deadlineAtMs]).toEqual([undefined, undefined, undefined]);
  });

  test('and each is named as it came, with what it was meant to be', () => {
    const it = received({ downloadBytes: 2n ** 64n - 1n, installBytes: 5n, deadlineUnixMs: -7n });
    expect(it).toMatchObject({
      oddity:
        'a: download_bytes 18446744073709551615 (-1 without its sign), deadline_unix_ms -7 counts as unknown',
    });
    expect(received({ downloadBytes: 0n, installBytes: 5n })).not.toHaveProperty('oddity');
  });

  test('a page of release notes is a web page, or none', () => {
    for (const releaseNotesUrl of ['javascript:alert(1)', 'javascript:alert("https://")']) {
      expect(accepted({ releaseNotesUrl }).releaseNotesUrl).toBe('');
    }
    const long = `https://example.com/${'x'.repeat(MEGABYTE)}`;
    expect(accepted({ releaseNotesUrl: long }).releaseNotesUrl.length).toBeLessThanOrEqual(2_048);
  });

  test('whatever the texts, what is kept is small and can be shown', () => {
    const text = fc.string({ unit: 'binary', maxLength: 3_000 });
    fc.assert(
      fc.property(text, text, fc.array(text), (title, id, conflictKeys) => {
        const it = received({ title, id: `a${id}`, conflictKeys });
        const kept = JSON.stringify(it);
        expect(kept.length).toBeLessThan(40_000);
        if (it.kind === 'ok') expect(it.update.title).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
