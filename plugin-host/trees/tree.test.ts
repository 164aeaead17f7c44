import { expect, test } from '@jest/globals';
import { changesBetween, summarize, type TreeEntry } from './tree.js';

const file = (path: string, sha256: string, mode = 0o644): TreeEntry => ({
  kind: 'file',
  path,
  mode,
  sizeBytes: 3,
  sha256: sha256.repeat(64),
  uid: 0,
});

test('the digest depends on path, mode and content, not on the order or on directories', () => {
  const a = file('a', '1');
  const b = file('b', '2');
  const one = summarize([a, b]);
  expect(one).toMatchObject({ fileCount: 2, sizeBytes: 6 });
  expect(summarize([b, { kind: 'directory', path: 'd', mode: 0o755 }, a])).toEqual(one);
  for (const other of [file('c', '2'), file('b', '3'), file('b', '2', 0o755)]) {
    expect(summarize([a, other]).sha256).not.toBe(one.sha256);
  }
  expect(summarize([{ kind: 'link', path: 'l', target: 'a' }]).sha256).not.toBe(
    summarize([{ kind: 'link', path: 'l', target: 'b' }]).sha256,
  );
});

test('changes are added, removed, rewritten, given other bits, and linked elsewhere', () => {
  const before: TreeEntry[] = [
    file('gone', '1'),
    file('same', '2'),
    file('bits', '3'),
    { kind: 'link', path: 'link', target: 'a' },
    { kind: 'directory', path: 'd', mode: 0o755 },
  ];
  const after: TreeEntry[] = [
    file('added', '1'),
    file('same', '2'),
    file('bits', '3', 0o755),
    { kind: 'link', path: 'link', target: 'b' },
  ];
  const { changes, truncated } = changesBetween(before, after, 10);
  expect(truncated).toBe(false);
  expect(changes.map(({ path }) => path)).toEqual(['added', 'bits', 'gone', 'link']);
  expect(changes[0]).toMatchObject({ beforeSha256: '' });
  expect(changes[0]).not.toHaveProperty('beforeMode');
  expect(changes[1]).toMatchObject({ beforeMode: 0o644, mode: 0o755 });
  expect(changes[2]).toMatchObject({ afterSha256: '', beforeMode: 0o644 });
  expect(changesBetween(before, after, 2)).toMatchObject({
    truncated: true,
    changes: [{ path: 'added' }, { path: 'bits' }],
  });
});
