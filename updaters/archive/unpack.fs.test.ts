import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { buffer } from 'node:stream/consumers';
import type { Content } from './record.fs.js';
import { tarOf, zipOf, type Entry, type ZipFile } from './testing/archives.js';
import { unpack } from './unpack.fs.js';

const BYTES_MAX = 50_000_000;

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-unpack-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function unpacked(bytes: Buffer, name: string, program = 'tool'): Promise<Content> {
  const file = join(dir, 'artifact');
  writeFileSync(file, bytes);
  const stage = join(dir, 'stage');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage);
  const made = await unpack(
    { file, name, program, bytesMax: BYTES_MAX },
    stage,
    new AbortController().signal,
  );
  expect(made.dir).toBe(join(stage, 'tree'));
  expect(readdirSync(stage).filter((each) => each !== 'unpacked')).toEqual(['tree']);
  return made.content;
}

const inTree = (path: string): string => join(dir, 'stage/tree', path);
const text = (path: string): string => readFileSync(inTree(path), 'utf8');
const tool: Entry = { name: 'tool-1/tool', mode: 0o755, text: 'I am the tool' };

describe('a tar', () => {
  test('loses the one directory at its top, and keeps modes and links', async () => {
    const tar = await tarOf([
      { name: 'tool-1/', type: 'directory' },
      { ...tool, name: './tool-1/bin/tool', mode: 0o4777 },
      { name: 'tool-1/lib/data', mode: 0o666, text: 'data' },
      { name: 'tool-1/bin/alias', type: 'symlink', linkname: '../lib/data' },
      { name: 'tool-1/bin/same', type: 'link', linkname: 'tool-1/bin/tool' },
    ]);
    const content = await unpacked(gzipSync(tar), 'tool-1.tar.gz', 'bin/tool');
    expect([...content.keys()].sort()).toEqual(['bin/alias', 'bin/same', 'bin/tool', 'lib/data']);
    expect(content.get('bin/same')).toBe(content.get('bin/tool'));
    expect(text('bin/tool')).toBe('I am the tool');
    expect(lstatSync(inTree('bin/tool')).mode & 0o7777).toBe(0o755);
    expect(lstatSync(inTree('lib/data')).mode & 0o7777).toBe(0o644);
    expect(readlinkSync(inTree('bin/alias'))).toBe('../lib/data');
    expect(text('bin/alias')).toBe('data');
  });

  test('with the program under the directory that the operator names keeps that directory', async () => {
    const tar = await tarOf([{ ...tool, name: 'bin/tool' }]);
    await unpacked(tar, 'tool.tar', 'bin/tool');
    expect(text('bin/tool')).toBe('I am the tool');
    await unpacked(tar, 'tool.tar', 'tool');
    expect(text('tool')).toBe('I am the tool');
  });

  test('with several things at its top keeps them', async () => {
    await unpacked(await tarOf([{ ...tool, name: 'tool' }, { name: 'doc/x' }]), 'tool.tar');
    expect(readdirSync(inTree(''))).toEqual(['doc', 'tool']);
  });

  test.each(['xz', 'zstd', 'bzip2'])(
    'of %s is read with the tool of the machine',
    async (program) => {
      const ending = { xz: '.tar.xz', zstd: '.tzst', bzip2: '.tbz2' }[program] ?? '';
      const packed = execFileSync(program, ['-c'], { input: await tarOf([tool]) });
      await unpacked(packed, `tool${ending}`);
      expect(text('tool')).toBe('I am the tool');
      const cut = packed.subarray(0, packed.byteLength - 20);
      await expect(unpacked(cut, `tool${ending}`)).rejects.toMatchObject({
        reason: 'ARCHIVE_UNREADABLE',
      });
    },
  );
});

test('where the machine lacks the tool, it says what to install', async () => {
  const before = process.env['PATH'];
  process.env['PATH'] = dir;
  try {
    const failure = unpacked(Buffer.from('x'), 'tool.tar.xz');
    await expect(failure).rejects.toMatchObject({ reason: 'TOOL_MISSING' });
    await expect(failure).rejects.toThrow('this machine has no xz: install xz-utils');
  } finally {
    process.env['PATH'] = before;
  }
});

test('a program that is a file of its own gets the name that the operator gave it', async () => {
  await unpacked(Buffer.from('#!/bin/sh\n'), 'tool-linux-amd64', 'bin/tool');
  expect(text('bin/tool')).toBe('#!/bin/sh\n');
  expect(lstatSync(inTree('bin/tool')).mode & 0o777).toBe(0o755);
  await unpacked(gzipSync('#!/bin/sh\n'), 'tool-linux-amd64.gz');
  expect(text('tool')).toBe('#!/bin/sh\n');
});

test('a zip has files, stored and deflated, directories and links', async () => {
  await unpacked(
    zipOf([
      { name: 'tool-1/', mode: 0o40755 },
      { name: 'tool-1/tool', text: 'I am the tool', mode: 0 },
      { name: 'tool-1/stored', text: 'as it is', isStored: true, mode: 0o100755 },
      { name: 'tool-1/empty' },
      { name: 'tool-1/alias', text: 'stored', mode: 0o120777 },
    ]),
    'tool.zip',
  );
  expect(text('tool')).toBe('I am the tool');
  // Zips of other systems say nothing of modes.
  expect(lstatSync(inTree('tool')).mode & 0o777).toBe(0o755);
  expect(lstatSync(inTree('stored')).mode & 0o777).toBe(0o755);
  expect(text('alias')).toBe('as it is');
  expect(text('empty')).toBe('');
});

describe('what a tar is refused for (T8, T10)', () => {
  const cases: [string, Entry[], string][] = [
    ['a path that leads out', [tool, { name: 'tool-1/../../etc/cron.d/x' }], 'outside of it'],
    ['an absolute path', [{ name: '/etc/passwd' }], 'outside of it'],
    ['an absolute link', [tool, link('tool-1/x', '/etc')], 'out of the archive'],
    ['a link that leads out', [tool, link('tool-1/x', '../../etc')], 'out of the archive'],
    ['a link beside the top', [tool, link('tool-1/x', '../other')], 'out of the archive'],
    ['a link that goes up again', [tool, link('tool-1/x', 'a/../../..')], 'out of the archive'],
    [
      'a file behind a link',
      [tool, link('tool-1/x', 'y'), { name: 'tool-1/x/passwd', text: 'x' }],
      'twice',
    ],
    ['a link behind a link', [tool, link('tool-1/x', 'y'), link('tool-1/x/z', 'y')], 'twice'],
    ['a name twice', [tool, tool], 'twice'],
    ['a file in the way', [{ name: 'a' }, { name: 'a/b' }], 'twice'],
    ['a device', [tool, { name: 'tool-1/null', type: 'character-device' }], 'neither a file'],
    ['a pipe', [tool, { name: 'tool-1/p', type: 'fifo' }], 'neither a file'],
    [
      'a further name of nothing',
      [tool, { ...link('tool-1/x', '/etc/passwd'), type: 'link' }],
      'outside',
    ],
    ['a name to fool who reads it', [{ name: 'tool-1/\u001b[2J' }], 'characters'],
    ['a sparse file', [{ name: 'x', pax: { 'GNU.sparse.major': '1' } }], 'a sparse file'],
    ['a record of its own', [tool, { name: 'tool-1/.lull-archive' }], "this updater's own"],
    ['depth', [{ name: `${'d/'.repeat(70)}x` }], 'too deep'],
  ];
  test.each(cases)('%s', async (_name, entries, words) => {
    const failure = unpacked(await tarOf(entries), 'tool.tar');
    await expect(failure).rejects.toMatchObject({ reason: 'ARCHIVE_UNREADABLE', retry: false });
    await expect(failure).rejects.toThrow(words);
  });

  test('a file that says to have 10 GB, before any of it is written', async () => {
    const archive = pack();
    const bytes = buffer(archive).catch(() => Buffer.alloc(0));
    const head: Buffer[] = [];
    archive.on('data', (chunk) => head.push(chunk as Buffer));
    archive.entry({ name: 'huge', size: 10_000_000_000 });
    await new Promise((resolve) => setImmediate(resolve));
    archive.destroy();
    await bytes;
    const failure = unpacked(Buffer.concat([...head, Buffer.alloc(1024)]), 'tool.tar');
    await expect(failure).rejects.toMatchObject({ reason: 'TOO_LARGE' });
  });
});

test.each(['tool.tar.gz', 'tool.gz'])('10 GB of zeros in %s end at the limit', async (name) => {
  const member = gzipSync(Buffer.alloc(64_000_000));
  const zeros = Buffer.concat(Array<Buffer>(160).fill(member));
  await expect(unpacked(zeros, name)).rejects.toMatchObject({ reason: 'TOO_LARGE' });
});

describe('garbage', () => {
  test.each(['x.tar', 'x.tar.gz', 'x.tar.xz', 'x.tar.zst', 'x.tar.bz2', 'x.zip', 'x.gz'])(
    'called %s is refused with its name or what is wrong',
    async (name) => {
      const failure = unpacked(Buffer.from('<html>'.repeat(200)), name);
      await expect(failure).rejects.toMatchObject({ reason: 'ARCHIVE_UNREADABLE', retry: false });
    },
  );

  test('a tar that is cut off', async () => {
    const tar = await tarOf([tool, { name: 'tool-1/more', text: 'x'.repeat(5_000) }]);
    const failure = unpacked(tar.subarray(0, 3_000), 'tool.tar');
    await expect(failure).rejects.toMatchObject({ reason: 'ARCHIVE_UNREADABLE' });
  });

  test('an archive without the program says what it has', async () => {
    const failure = unpacked(await tarOf([tool]), 'tool.tar', 'bin/other');
    await expect(failure).rejects.toMatchObject({ reason: 'PROGRAM_MISSING' });
    await expect(failure).rejects.toThrow(
      'no bin/other in it: look at the setting "program". It has tool',
    );
  });
});

describe('what a zip is refused for', () => {
  const cases: [string, ZipFile, string][] = [
    ['a path that leads out', { name: '../x' }, 'outside of it'],
    ['a link that leads out', { name: 'x', text: '../etc', mode: 0o120777 }, 'out of the archive'],
    ['a name to fool who reads it', { name: '\u001b[2J' }, 'characters'],
    ['more than it says', { name: 'x', text: '0'.repeat(100_000), size: 10 }, 'another size'],
    ['less than it says', { name: 'x', text: '0', size: 10 }, 'another size'],
    ['a password', { name: 'x', flags: 1 }, 'encrypted'],
    ['an unusual packing', { name: 'x', method: 14 }, 'unusual'],
    ['a device', { name: 'x', mode: 0o20666 }, 'neither a file'],
  ];
  test.each(cases)('%s', async (_name, file, words) => {
    const failure = unpacked(zipOf([{ name: 'tool', text: 'x' }, file]), 'tool.zip');
    await expect(failure).rejects.toMatchObject({ reason: 'ARCHIVE_UNREADABLE', retry: false });
    await expect(failure).rejects.toThrow(words);
  });

  test('a size of 10 GB in all, of few bytes', async () => {
    const files = [1, 2, 3].map((each) => ({ name: String(each), size: 4_000_000_000 }));
    await expect(unpacked(zipOf(files), 'tool.zip')).rejects.toMatchObject({ reason: 'TOO_LARGE' });
  });

  test('a list that leads out of the file', async () => {
    const zip = zipOf([{ name: 'tool', text: 'x' }]);
    for (const [at, value] of [
      [zip.byteLength - 6, 0xfffffff0],
      [zip.byteLength - 10, 0x00ffffff],
      [zip.byteLength - 22 - 8, 0x7fffffff],
    ] as const) {
      const bad = Buffer.from(zip);
      bad.writeUInt32LE(value, at);
      const failure = unpacked(bad, 'tool.zip');
      await expect(failure).rejects.toMatchObject({ reason: 'ARCHIVE_UNREADABLE' });
    }
  });
});

function link(name: string, linkname: string): Entry {
  return { name, type: 'symlink', linkname };
}
