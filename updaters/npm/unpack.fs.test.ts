import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import type { Tarball } from './closure.js';
import { unpackAll } from './unpack.fs.js';

type Entry = [header: Partial<Header> & { name: string }, text?: string];

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-unpack-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function tar(...entries: readonly Entry[]): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const [header, text = ''] of entries) archive.entry(header, text);
  archive.finalize();
  return bytes;
}

/** Unpacks tarballs by their place into `dir`/project. */
async function unpack(contents: Readonly<Record<string, Buffer>>): Promise<void> {
  const files = Object.values(contents).map((content, position) => {
    const file = join(dir, `${String(position)}.tgz`);
    writeFileSync(file, content);
    return file;
  });
  const tarballs = Object.keys(contents).map((place): Tarball => ({
    place,
    version: '1.0.0',
    url: '',
    digests: [],
  }));
  await unpackAll(join(dir, 'project'), tarballs, files, new AbortController().signal);
}

const about = (more: Record<string, unknown> = {}): Entry => [
  { name: 'package/package.json' },
  JSON.stringify({ name: 'a', version: '1.0.0', ...more }),
];
const modules = (...path: string[]): string => join(dir, 'project/node_modules', ...path);

test('each package lies in its place, its commands can be run and are linked beside it', async () => {
  const inner = await tar(about({ name: '@x/b', bin: { tell: 'bin/b.js' } }), [
    { name: 'package/bin/b.js', mode: 0o644 },
    'told',
  ]);
  await unpack({
    'node_modules/a/node_modules/@x/b': gzipSync(inner),
    'node_modules/a': gzipSync(await tar(about(), [{ name: 'any-name/lib/a.js' }, 'a'])),
  });
  expect(readFileSync(modules('a/lib/a.js'), 'utf8')).toBe('a');
  expect(lstatSync(modules('a/lib/a.js')).mode & 0o777).toBe(0o644);
  const nested = modules('a/node_modules');
  expect(readlinkSync(join(nested, '.bin/tell'))).toBe('../@x/b/bin/b.js');
  expect(readFileSync(join(nested, '.bin/tell'), 'utf8')).toBe('told');
  expect(lstatSync(join(nested, '@x/b/bin/b.js')).mode & 0o777).toBe(0o755);
});

test('a tarball that is not compressed is one all the same', async () => {
  await unpack({ 'node_modules/a': await tar(about()) });
  expect(readdirSync(modules('a'))).toEqual(['package.json']);
});

test('links in a tarball are left out (T8)', async () => {
  const hostile = await tar(
    about(),
    [{ name: 'package/out', type: 'symlink', linkname: '/tmp' }],
    [{ name: 'package/hard', type: 'link', linkname: '/etc/passwd' }],
  );
  await unpack({ 'node_modules/a': gzipSync(hostile) });
  expect(readdirSync(modules('a'))).toEqual(['package.json']);
});

test('a file outside of the package is refused by name (T8)', async () => {
  const hostile = await tar(about(), [{ name: 'package/../../evil' }, 'evil']);
  await expect(unpack({ 'node_modules/a': gzipSync(hostile) })).rejects.toThrow(
    'the tarball of node_modules/a names a file outside of it',
  );
  expect(readdirSync(modules())).toEqual(['a']);
});

test('a tarball that breaks off is an error with its cause', async () => {
  const whole = gzipSync(await tar(about(), [{ name: 'package/a.js' }, 'x'.repeat(10_000)]));
  const cut = unpack({ 'node_modules/a': whole.subarray(0, whole.length - 20) });
  await expect(cut).rejects.toThrow('unexpected end of file');
});

test('a command without its file, and one that two packages offer, are passed over', async () => {
  const both = gzipSync(
    await tar(about({ bin: { run: 'main.js', gone: 'gone.js' } }), [
      { name: 'package/main.js' },
      '',
    ]),
  );
  await unpack({ 'node_modules/a': both, 'node_modules/b': both });
  expect(readdirSync(modules('.bin'))).toEqual(['run']);
  expect(readlinkSync(modules('.bin/run'))).toBe('../a/main.js');
});
