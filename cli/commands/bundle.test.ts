// A vendor who packs something that nobody could launch hears of it here.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey, packBundle } from './bundle.js';

const manifest = {
  contract: 'lull.updater.v1',
  id: 'dev.example.tool',
  version: '1.0.0',
  publisher: 'example',
  title: 'Example',
  platforms: ['linux'],
  entrypoint: ['./main'],
  runtime: 'host',
  actions: ['install'],
  scope: 'user-mode',
  limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
};
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-pack-'));
  mkdirSync(join(dir, 'files'));
  writeFileSync(join(dir, 'files', 'main'), '#!/bin/sh\n', { mode: 0o755 });
  createKey(join(dir, 'key.pem'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

function pack(change: object | string, keyFile = join(dir, 'key.pem')) {
  const manifestFile = join(dir, 'manifest.json');
  const text = typeof change === 'string' ? change : JSON.stringify({ ...manifest, ...change });
  writeFileSync(manifestFile, text);
  const directory = join(dir, 'files');
  return packBundle({ directory, manifestFile, keyFiles: [keyFile], out: join(dir, 'x.lull') });
}

test('what is right is packed and signed', async () => {
  expect(await pack({})).toMatchObject({ id: 'dev.example.tool', version: '1.0.0' });
});

test.each<[string | object, RegExp]>([
  ['{"contract": ', /manifest\.json is not JSON/],
  ['null', /manifest\.json is no object/],
  [{ version: '1' }, /version: wants a semantic version/],
  [{ entrypoint: ['./mian'] }, /entrypoint: \.\/mian is no file of the bundle/],
  [
    { install_roots: [{ name: 'app', path: '/opt/../etc/cron.d' }] },
    /app: "\/opt\/\.\.\/etc\/cron\.d" is not a plain absolute path/,
  ],
])('%j is refused, and it says why', async (change, words) => {
  await expect(pack(change)).rejects.toThrow(words);
});

test('a directory without a file, and a key that is none, are named', async () => {
  const none = join(dir, 'none.pem');
  writeFileSync(none, 'MCowBQYDK2VwAyEA');
  await expect(pack({}, none)).rejects.toThrow(/none\.pem is no private Ed25519 key/);
  rmSync(join(dir, 'files', 'main'));
  await expect(pack({})).rejects.toThrow(/files has no file to pack/);
});

test('what cannot be read or written is named for what it is', async () => {
  const nowhere = join(dir, 'nowhere', 'x');
  await expect(pack({}, nowhere)).rejects.toThrow(/^the key cannot be read: ENOENT/);
  const given = {
    directory: join(dir, 'files'),
    manifestFile: join(dir, 'other.json'),
    keyFiles: [join(dir, 'key.pem')],
    out: join(dir, 'x.lull'),
  };
  await expect(packBundle(given)).rejects.toThrow(/^the manifest cannot be read: ENOENT/);
  writeFileSync(given.manifestFile, JSON.stringify(manifest));
  const without = packBundle({ ...given, directory: nowhere });
  await expect(without).rejects.toThrow(/^the directory cannot be packed: ENOENT/);
  await expect(packBundle({ ...given, out: nowhere })).rejects.toThrow(
    /^the bundle cannot be written: ENOENT/,
  );
  expect(() => createKey(nowhere)).toThrow(/^the key cannot be written: ENOENT/);
});

test('a key is never written over', () => {
  expect(() => createKey(join(dir, 'key.pem'))).toThrow(/is there already/);
});
