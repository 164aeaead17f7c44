// Bundles as bytes, and what a hostile one tries (T8, T10).

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pack, type Header } from 'tar-stream';
import { ENVELOPE_BYTES_MAX } from './envelope-size.js';
import { packDirectory } from './pack.fs.js';
import { BundleError, packLullFile, readBundle, readLullFile, sha256Of } from './tar.js';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lull-bundle-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

type Declared = Parameters<typeof readBundle>[1];

const content = Buffer.from('hello');
const hello = { path: 'hello', size: 5, sha256: sha256Of(content), executable: false };

async function tarOf(...entries: [Partial<Header> & { name: string }, Buffer?][]): Promise<Buffer> {
  const archive = pack();
  const bytes = buffer(archive);
  for (const [header, body] of entries) archive.entry(header, body ?? Buffer.alloc(0));
  archive.finalize();
  return bytes;
}

function entryOf(name: string, body: Buffer): [Partial<Header> & { name: string }, Buffer] {
  return [{ name }, body];
}

function declare(tar: Buffer, files = [hello]): Declared {
  return { sha256: sha256Of(tar), size: tar.byteLength, files };
}

/** Names of the files that were let through, and the code of what stopped the reading. */
async function read(tar: Buffer, declared = declare(tar), chunkBytes = 700) {
  const names: string[] = [];
  const chunks = function* () {
    for (let at = 0; at < tar.byteLength; at += chunkBytes) yield tar.subarray(at, at + chunkBytes);
  };
  try {
    await readBundle(Readable.from(chunks()), declared, async (file, read) => {
      await buffer(read);
      names.push(file.path);
    });
    return { names, stopped: undefined };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    return { names, stopped: error.code };
  }
}

describe('packing a directory', () => {
  function fill(): void {
    mkdirSync(join(directory, 'bin'));
    writeFileSync(join(directory, 'bin/main'), 'x');
    chmodSync(join(directory, 'bin/main'), 0o755);
    writeFileSync(join(directory, 'a.txt'), 'text');
  }

  test('gives the same digest whenever and by whomever it is done', async () => {
    fill();
    const first = await packDirectory(directory);
    utimesSync(join(directory, 'a.txt'), 1, 1);
    chmodSync(join(directory, 'a.txt'), 0o600);
    const second = await packDirectory(directory);
    expect(second.sha256).toBe(first.sha256);
    expect(first.files.map(({ path, executable }) => [path, executable])).toEqual([
      ['a.txt', false],
      ['bin/main', true],
    ]);
  });

  test('what was packed reads back, in chunks of any size', async () => {
    fill();
    const { tar, sha256, files } = await packDirectory(directory);
    const declared = { sha256, size: tar.byteLength, files: [...files] };
    for (const chunkBytes of [1, 511, 1 << 20]) {
      expect(await read(tar, declared, chunkBytes)).toEqual({
        names: ['a.txt', 'bin/main'],
        stopped: undefined,
      });
    }
  });

  test('a link has no place in a bundle', async () => {
    symlinkSync('/etc/passwd', join(directory, 'link'));
    await expect(packDirectory(directory)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });

  test('neither has a named pipe', async () => {
    execFileSync('mkfifo', [join(directory, 'pipe')]);
    await expect(packDirectory(directory)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});

describe('an entry that may not be', () => {
  test.each<[string, Partial<Header> & { name: string }]>([
    ['a symbolic link', { name: 'hello', type: 'symlink', linkname: '/etc/passwd' }],
    ['a hard link', { name: 'hello', type: 'link', linkname: '/etc/passwd' }],
    ['a directory', { name: 'hello', type: 'directory' }],
    ['a character device', { name: 'hello', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a block device', { name: 'hello', type: 'block-device', devmajor: 8, devminor: 0 }],
    ['a named pipe', { name: 'hello', type: 'fifo' }],
    ['a path upwards', { name: '../hello' }],
    ['an absolute path', { name: '/hello' }],
    ['the same file by another path', { name: './hello' }],
    ['another spelling', { name: 'HELLO' }],
    ['a file nobody declared', { name: 'extra' }],
  ])('%s', async (_what, header) => {
    const tar = await tarOf([header]);
    expect(await read(tar)).toEqual({ names: [], stopped: 'BUNDLE_INVALID' });
  });

  test('a name that is longer than any: refused with the start of it, and of one without an end no more is read', async () => {
    for (const [chars, words] of [
      [200_000, /^[^]{100} is not declared/],
      [3_000_000, /is no content of files/],
    ] as const) {
      const tar = await tarOf([{ name: 'hello'.padEnd(chars, '\u001b') }, content]);
      const pieces = Array.from({ length: 100 }, (_, at) =>
        tar.subarray((tar.byteLength / 100) * at, (tar.byteLength / 100) * (at + 1)),
      );
      const reading = readBundle(Readable.from(pieces), declare(tar), () => Promise.resolve());
      await expect(reading).rejects.toThrow(words);
    }
  });

  test('a file that is long, and many that are short, have as many bytes as they need', async () => {
    const contents = [Buffer.alloc(3_000_000, 1), ...Array.from({ length: 3_000 }, () => content)];
    const tar = await tarOf(...contents.map((each, at) => entryOf(String(at), each)));
    const files = contents.map((each, at) => ({
      ...{ path: String(at), size: each.byteLength, sha256: sha256Of(each), executable: false },
    }));
    const { names, stopped } = await read(tar, declare(tar, files), 64 * 1024);
    expect([names.length, stopped]).toEqual([contents.length, undefined]);
  });

  test('the same file twice: the second is not read', async () => {
    const tar = await tarOf([{ name: 'hello' }, content], [{ name: 'hello' }, content]);
    expect(await read(tar)).toEqual({ names: ['hello'], stopped: 'BUNDLE_INVALID' });
  });

  test('a setuid bit goes unheard: modes are the host’s', async () => {
    const tar = await tarOf([{ name: 'hello', mode: 0o4755 }, content]);
    expect(await read(tar)).toEqual({ names: ['hello'], stopped: undefined });
  });
});

describe('content that is not as declared', () => {
  test('one byte changed', async () => {
    const tar = await tarOf([{ name: 'hello' }, Buffer.from('hellO')]);
    expect(await read(tar)).toEqual({ names: [], stopped: 'DIGEST_MISMATCH' });
  });

  test('a header that promises more than the manifest', async () => {
    const tar = await tarOf([{ name: 'hello' }, Buffer.from('hello and more')]);
    expect(await read(tar)).toEqual({ names: [], stopped: 'DIGEST_MISMATCH' });
  });

  test('a file that is missing', async () => {
    const tar = await tarOf();
    expect(await read(tar)).toEqual({ names: [], stopped: 'BUNDLE_INVALID' });
  });

  test('good files in a tar with another digest', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const declared = { ...declare(tar), sha256: sha256Of(Buffer.from('another')) };
    expect(await read(tar, declared)).toEqual({ names: ['hello'], stopped: 'DIGEST_MISMATCH' });
  });

  test('bytes after the end of the tar', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const longer = Buffer.concat([tar, Buffer.alloc(512, 1)]);
    expect((await read(longer, declare(tar))).stopped).toBe('BUNDLE_INVALID');
  });

  test('a tar that is cut anywhere', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    for (let length = 0; length < tar.byteLength; length += 97) {
      const { stopped } = await read(tar.subarray(0, length), declare(tar));
      expect(stopped).toMatch(/BUNDLE_INVALID|DIGEST_MISMATCH/);
    }
  });

  test('a tar that is cut says how much of it there is', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const cut = Readable.from([tar.subarray(0, 514)]);
    await expect(readBundle(cut, declare(tar), () => Promise.resolve())).rejects.toMatchObject({
      code: 'BUNDLE_INVALID',
      message: `it is not whole: it ends after 514 of ${String(tar.byteLength)} bytes`,
    });
  });

  test('bytes that are no tar are refused, and no file is made of them', async () => {
    const noise = Buffer.alloc(4_096, 'noise ');
    expect(await read(noise)).toEqual({ names: [], stopped: 'BUNDLE_INVALID' });
  });

  test('a stream without end is left at the declared size (T10)', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    let givenBytes = 0;
    const endless = async function* () {
      yield await Promise.resolve(tar);
      for (;;) {
        givenBytes += 65_536;
        yield Buffer.alloc(65_536);
      }
    };
    const reading = readBundle(endless(), declare(tar), () => Promise.resolve());
    await expect(reading).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
    expect(givenBytes).toBe(65_536);
  });
});

describe('a large file', () => {
  const BYTES = 32 * 1024 * 1024;
  const large = { path: 'large', size: BYTES, executable: false };

  test('is handed on as it comes, and never whole', async () => {
    const body = Buffer.alloc(BYTES, 'large ');
    const tar = await tarOf([{ name: 'large' }, body]);
    const file = { ...large, sha256: sha256Of(body) };
    let [given, seen, most, ahead] = [0, 0, 0, 0];
    const chunks = function* () {
      for (let at = 0; at < tar.byteLength; at += 65_536) {
        given += 65_536;
        yield tar.subarray(at, at + 65_536);
      }
    };
    await readBundle(Readable.from(chunks()), declare(tar, [file]), async (_file, read) => {
      for await (const chunk of read) {
        seen += chunk.byteLength;
        most = Math.max(most, chunk.byteLength);
        ahead = Math.max(ahead, given - seen);
      }
    });
    expect(seen).toBe(BYTES);
    expect(most).toBeLessThanOrEqual(65_536);
    expect(ahead).toBeLessThan(4 * 1024 * 1024);
  });

  test('that is another at its end throws at its end, also where nobody reads it', async () => {
    const body = Buffer.alloc(BYTES, 'large ');
    const tar = await tarOf([{ name: 'large' }, body]);
    const declared = declare(tar, [{ ...large, sha256: sha256Of(content) }]);
    expect(await read(tar, declared)).toEqual({ names: [], stopped: 'DIGEST_MISMATCH' });
    const reading = readBundle(Readable.from([tar]), declared, () => Promise.resolve());
    await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test('for which there is no room says so, and nothing of the bundle', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const full = Object.assign(new Error('no space left'), { code: 'ENOSPC', errno: -28 });
    const reading = readBundle(Readable.from([tar]), declare(tar), () => Promise.reject(full));
    await expect(reading).rejects.toBe(full);
  });
});

describe('the .lull file', () => {
  const envelope = Buffer.from('{"payload":""}');

  test('gives back what was put in', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const file = await packLullFile(envelope, tar);
    const found = await readLullFile(Readable.from([file], { objectMode: false }));
    expect(found.envelope).toEqual(envelope);
    expect(await buffer(found.tar)).toEqual(tar);
  });

  test('cut anywhere in its entries is not whole, and says so', async () => {
    const tar = await tarOf([{ name: 'hello' }, content]);
    const file = await packLullFile(envelope, tar);
    const reading = async (length: number): Promise<unknown> => {
      const cut = Readable.from([file.subarray(0, length)], { objectMode: false });
      return buffer((await readLullFile(cut)).tar);
    };
    for (const length of [100, 515, 1_100, 1_540, 2_600]) {
      await expect(reading(length)).rejects.toMatchObject({
        code: 'BUNDLE_INVALID',
        message: expect.stringMatching(/^it is not whole|is missing$/) as unknown,
      });
    }
  });

  test.each<[string, () => Promise<Buffer> | Buffer]>([
    ['no bytes', () => Buffer.alloc(0)],
    ['what is no archive', () => Buffer.alloc(2_048, 'noise ')],
    ['another archive', () => tarOf([{ name: 'hello' }, content])],
    ['the envelope alone', () => tarOf([{ name: 'envelope.json' }, envelope])],
    [
      'the tar first',
      () => tarOf([{ name: 'bundle.tar' }, content], [{ name: 'envelope.json' }, envelope]),
    ],
    [
      'an envelope without end',
      () => tarOf([{ name: 'envelope.json' }, Buffer.alloc(ENVELOPE_BYTES_MAX + 1)]),
    ],
  ])('%s is refused', async (_what, make) => {
    const file = Readable.from([await make()], { objectMode: false });
    await expect(readLullFile(file)).rejects.toMatchObject({ code: 'BUNDLE_INVALID' });
  });
});
