import { expect, test } from '@jest/globals';
import { at, enabled, submitted, UPDATER, worldOf } from '../world/history.testing.js';
import { wantedBundles } from './wanted-bundles.js';

const first = 'a'.repeat(64);
const second = 'b'.repeat(64);
const others = 'c'.repeat(64);
const other = 'com.acme.other';

function version(number: string, sha256 = first, id = UPDATER) {
  const files = [{ path: 'main', size: 1, sha256: 'b'.repeat(64) }];
  const changes = { version: number, bundle: { sha256, size: 10, files } };
  return { ...submitted(id, changes), version: number, bundleSha256: sha256 };
}

test.each([
  ['nothing, where nobody submitted anything', [], []],
  ['what was submitted, also where nobody has accepted it', [version('1.0.0')], [first]],
  ['what was accepted', [version('1.0.0'), enabled(UPDATER, first)], [first]],
  [
    'what was accepted and what waits to be, until that is accepted instead',
    [version('1.0.0'), enabled(UPDATER, first), version('2.0.0', second)],
    [first, second],
  ],
  [
    'what is accepted now, and not what was before it',
    [
      ...[version('1.0.0'), enabled(UPDATER, first)],
      ...[version('2.0.0', second), enabled(UPDATER, second, '2.0.0')],
    ],
    [second],
  ],
  ['that of every updater', [version('1.0.0'), version('1.0.0', others, other)], [first, others]],
])('a host may be given %s', (_what, facts, wanted) => {
  expect([...wantedBundles(worldOf(at(1, ...facts)))].sort()).toEqual(wanted);
});
