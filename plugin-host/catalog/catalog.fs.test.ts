import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack, type Pack } from 'tar-stream';
import { signEnvelope } from '../../bundle/envelope.js';
import { packDirectory, type PackedBundle } from '../../bundle/pack.fs.js';
import { sha256Of } from '../../bundle/tar.js';
import type { BundleRef } from './admission.js';
import { createCatalog, type Catalog } from './catalog.fs.js';
import { CatalogError } from './catalog-error.js';

let root: string;
let catalog: Catalog;
let bundle: PackedBundle;
let ref: BundleRef;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'lull-'));
  mkdirSync(join(root, 'source/lib/deep'), { recursive: true });
  writeFileSync(join(root, 'source/main.mjs'), 'console.log(1)\n', { mode: 0o755 });
  writeFileSync(join(root, 'source/lib/deep/part.mjs'), 'export {}\n');
  bundle = await packDirectory(join(root, 'source'));
  ref = refTo(bundle.tar, bundle.files);
  catalog = createCatalog({ dir: join(root, 'bundles') });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function refTo(
  tar: Buffer,
  files: unknown,
  keys: KeyObject[] = [],
  change: object = {},
): BundleRef {
  const sha256 = sha256Of(tar);
  const manifest = {
    contract: 'lull.updater.v1',
    id: 'org.example.tool',
    version: '1.0.0',
    publisher: 'example',
    title: 'Keeps the tool up to date',
    platforms: ['linux'],
    bundle: { sha256, size: tar.length, files },
    entrypoint: ['node', './main.mjs'],
    runtime: 'node',
    actions: ['install'],
    scope: 'user-mode',
    limits: { memory_mb: 64, processes: 16, disk_mb: 16 },
    ...change,
  };
  return {
    id: 'org.example.tool',
    version: '1.0.0',
    bundleSha256: sha256,
    envelope: signEnvelope(Buffer.from(JSON.stringify(manifest)), keys),
  };
}

async function* bytesOf(tar: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < tar.length; at += 1_000) {
    yield await Promise.resolve(tar.subarray(at, at + 1_000));
  }
}

const fromTar = () => bytesOf(bundle.tar);
const notAsked = (): never => {
  throw new Error('the bundle was asked for again');
};

async function refusal(promise: Promise<unknown>): Promise<CatalogError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CatalogError);
  return error as CatalogError;
}

describe('a bundle comes to this host', () => {
  test('its files are read-only, and nothing else is there', async () => {
    const { bundleDir, manifest } = await catalog.ensure(ref, fromTar);
    expect(manifest.id).toBe('org.example.tool');
    expect(readFileSync(join(bundleDir, 'main.mjs'), 'utf8')).toBe('console.log(1)\n');
    const modes = ['', 'lib', 'lib/deep', 'lib/deep/part.mjs', 'main.mjs'].map((path) =>
      (lstatSync(join(bundleDir, path)).mode & 0o7777).toString(8),
    );
    expect(modes).toEqual(['555', '555', '555', '444', '555']);
    expect(readdirSync(join(root, 'bundles'))).toEqual([bundle.sha256]);
  });

  test('it is fetched once, also when two launches ask at the same time', async () => {
    let askedCount = 0;
    const counting = () => {
      askedCount += 1;
      return fromTar();
    };
    await Promise.all([catalog.ensure(ref, counting), catalog.ensure(ref, counting)]);
    await catalog.ensure(ref, notAsked);
    expect(askedCount).toBe(1);
  });

  test('the connection breaks half-way: its error, no entry, and the next time it works', async () => {
    const broken = async function* () {
      yield await Promise.resolve(bundle.tar.subarray(0, 700));
      throw new Error('connection reset');
    };
    await expect(catalog.ensure(ref, broken)).rejects.toThrow('connection reset');
    expect(readdirSync(join(root, 'bundles'))).toEqual([]);
    await catalog.ensure(ref, fromTar);
  });

  test('a crash left half an entry: it is removed at the next start', () => {
    mkdirSync(join(root, 'bundles/partial-0123/lib'), { recursive: true });
    createCatalog({ dir: join(root, 'bundles') });
    expect(readdirSync(join(root, 'bundles'))).toEqual([]);
  });

  test('the launch is given up while it waits for the bytes', async () => {
    const over = new AbortController();
    const slow = async function* (_sha256: string, signal: AbortSignal) {
      yield bundle.tar.subarray(0, 700);
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
        over.abort(new Error('Lull is stopping'));
      });
    };
    const ensuring = catalog.ensure(ref, slow, { signal: over.signal });
    await expect(ensuring).rejects.toThrow('Lull is stopping');
    expect(readdirSync(join(root, 'bundles'))).toEqual([]);
  });

  test('the launch is given up before what has come is read again', async () => {
    const over = new AbortController();
    const whole = async function* () {
      yield await Promise.resolve(bundle.tar);
      over.abort(new Error('Lull is stopping'));
    };
    const ensuring = catalog.ensure(ref, whole, { signal: over.signal });
    await expect(ensuring).rejects.toThrow('Lull is stopping');
    await catalog.ensure(ref, fromTar);
  });
});

describe('between two launches the store was changed (T1)', () => {
  const changes: [string, (dir: string) => void, RegExp][] = [
    [
      'one byte of a file',
      (dir) => {
        overwrite(join(dir, 'main.mjs'), 'console.log(2)\n');
      },
      /main\.mjs has digest/,
    ],
    [
      'the length of a file',
      (dir) => {
        overwrite(join(dir, 'main.mjs'), '');
      },
      /main\.mjs has 0 bytes/,
    ],
    [
      'an extra file',
      (dir) => {
        writeFileSync(join(dir, 'lib/extra.mjs'), '');
      },
      /lib\/extra\.mjs is not declared/,
    ],
    [
      'an extra directory',
      (dir) => {
        mkdirSync(join(dir, 'node_modules'));
      },
      /node_modules is not declared/,
    ],
    [
      'a missing file',
      (dir) => {
        unlinkSync(join(dir, 'main.mjs'));
      },
      /main\.mjs is missing/,
    ],
    [
      'a missing directory',
      (dir) => {
        rmSync(join(dir, 'lib'), { recursive: true });
      },
      /lib is missing/,
    ],
    [
      'a link in place of a file (T9)',
      (dir) => {
        unlinkSync(join(dir, 'main.mjs'));
        symlinkSync(join(root, 'source/main.mjs'), join(dir, 'main.mjs'));
      },
      /main\.mjs is not a regular file/,
    ],
    [
      'a link in place of a directory (T9)',
      (dir) => {
        rmSync(join(dir, 'lib'), { recursive: true });
        symlinkSync(join(root, 'source/lib'), join(dir, 'lib'));
      },
      /lib is not a directory/,
    ],
    [
      'a second name for a file',
      (dir) => {
        linkSync(join(dir, 'main.mjs'), join(root, 'other'));
      },
      /main\.mjs has another name/,
    ],
    [
      'the setuid bit',
      (dir) => {
        chmodSync(join(dir, 'main.mjs'), 0o4555);
      },
      /main\.mjs has mode 4555/,
    ],
    [
      'a directory that others can write',
      (dir) => {
        chmodSync(join(dir, 'lib'), 0o777);
      },
      /lib has mode 777/,
    ],
  ];

  test.each(changes)('%s: caught, removed, and fetched again', async (_what, change, message) => {
    const { bundleDir } = await catalog.ensure(ref, fromTar);
    change(bundleDir);
    const error = await refusal(catalog.ensure(ref, notAsked));
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(error.message).toMatch(message);
    expect(existsSync(bundleDir)).toBe(false);
    await catalog.ensure(ref, fromTar);
  });
});

describe('an envelope that does not fit the grant', () => {
  test('another id, version or digest', async () => {
    const other = { ...ref, version: '1.0.1', bundleSha256: 'a'.repeat(64) };
    const error = await refusal(catalog.ensure(other, notAsked));
    expect(error.code).toBe('DIGEST_MISMATCH');
    expect(error.message).toMatch(/version 1\.0\.1 was granted.*digest a{64} was granted/);
  });

  test('no envelope at all', async () => {
    const error = await refusal(catalog.ensure({ ...ref, envelope: Buffer.from('{}') }, notAsked));
    expect(error.code).toBe('MANIFEST_INVALID');
  });

  test('unsigned, signed by a stranger, signed by who is trusted', async () => {
    const [trusted, stranger] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const trustedKeys = [trusted.publicKey];
    const signedBy = (key: KeyObject) => refTo(bundle.tar, bundle.files, [key]);
    expect((await refusal(catalog.ensure(ref, notAsked, { trustedKeys }))).code).toBe(
      'SIGNATURE_MISSING',
    );
    const foreign = catalog.ensure(signedBy(stranger.privateKey), notAsked, { trustedKeys });
    expect((await refusal(foreign)).code).toBe('SIGNATURE_INVALID');
    await catalog.ensure(signedBy(trusted.privateKey), fromTar, { trustedKeys });
  });
});

describe('a hostile tar (T8)', () => {
  const content = Buffer.from('evil');
  const declared = [{ path: 'main.mjs', size: 4, sha256: sha256Of(content) }];
  const entries: [string, (archive: Pack) => void][] = [
    ['a path that climbs out', (archive) => archive.entry({ name: '../main.mjs' }, content)],
    ['an absolute path', (archive) => archive.entry({ name: '/main.mjs' }, content)],
    [
      'a link',
      (archive) => archive.entry({ name: 'main.mjs', type: 'symlink', linkname: '/etc/shadow' }),
    ],
    [
      'a hard link',
      (archive) => archive.entry({ name: 'main.mjs', type: 'link', linkname: '/etc/shadow' }),
    ],
    ['a device', (archive) => archive.entry({ name: 'main.mjs', type: 'character-device' })],
    ['a name twice', twice],
    ['an undeclared file', (archive) => archive.entry({ name: 'extra' }, content)],
    ['another content', (archive) => archive.entry({ name: 'main.mjs' }, Buffer.from('good'))],
    ['nothing', () => undefined],
  ];

  function twice(archive: Pack): void {
    archive.entry({ name: 'main.mjs' }, content);
    archive.entry({ name: 'main.mjs' }, content);
  }

  test.each(entries)('%s is refused, and leaves nothing', async (_what, fill) => {
    const archive = pack();
    const bytes = buffer(archive);
    fill(archive);
    archive.finalize();
    const tar = await bytes;
    const error = await refusal(catalog.ensure(refTo(tar, declared), () => bytesOf(tar)));
    expect(['BUNDLE_INVALID', 'DIGEST_MISMATCH']).toContain(error.code);
    expect(readdirSync(join(root, 'bundles'))).toEqual([]);
    expect(existsSync(join(root, 'main.mjs'))).toBe(false);
  });
});

/** Writes into a file of the store, as only root could. */
function overwrite(path: string, text: string): void {
  chmodSync(path, 0o755);
  writeFileSync(path, text);
  chmodSync(path, 0o555);
}

describe('what nobody launches any more (K4)', () => {
  const later = Date.now() + 15 * 86_400_000;
  const nobody = () => false;

  test('goes after two weeks, and comes again when it is wanted', async () => {
    const { bundleDir } = await catalog.ensure(ref, fromTar);
    expect(await catalog.tidy(Date.now(), nobody)).toEqual([]);
    expect(await catalog.tidy(later, () => true)).toEqual([]);
    expect(await catalog.tidy(later, nobody)).toEqual([ref.bundleSha256]);
    expect(readdirSync(join(root, 'bundles'))).toEqual([]);
    await catalog.ensure(ref, fromTar);
    expect(existsSync(bundleDir)).toBe(true);
  });

  test('stays for two weeks from its last launch', async () => {
    const { bundleDir } = await catalog.ensure(ref, fromTar);
    const long = new Date(Date.now() - 15 * 86_400_000);
    await utimes(bundleDir, long, long);
    await catalog.ensure(ref, notAsked);
    expect(await catalog.tidy(Date.now(), nobody)).toEqual([]);
  });
});
