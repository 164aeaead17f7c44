// The store of unpacked bundles: what is visible under a digest is whole, also while an old one is removed,
// and what was promised needs nobody who has it.

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signEnvelope } from '../../../bundle/envelope.js';
import { packDirectory } from '../../../bundle/pack.fs.js';
import { sha256Of } from '../../../bundle/tar.js';
import type { BundleRef } from '../../../plugin-host/catalog/admission.js';
import {
  createCatalog,
  type Catalog,
  type ReadBundle,
} from '../../../plugin-host/catalog/catalog.fs.js';
import type { Subject } from '../subject.js';

interface Bundle {
  readonly ref: BundleRef;
  readonly tar: Buffer;
}

/** In their order. */
const bundles: Bundle[] = [];
/** From then on the first may be gone: it is removed. */
const REMOVES_AT = 2;
const YEAR_MS = 365 * 86_400_000;

const catalogOn = (directory: string): Catalog =>
  createCatalog({ dir: join(directory, 'catalog') });

async function pack(version: string): Promise<Bundle> {
  const source = await mkdtemp(join(tmpdir(), 'lull-power-bundle-'));
  try {
    await mkdir(join(source, 'lib/deep'), { recursive: true });
    await writeFile(join(source, 'main.mjs'), `console.log(${version})\n`, { mode: 0o755 });
    await writeFile(join(source, 'lib/deep/data'), Buffer.alloc(60_000, version));
    const { tar, files } = await packDirectory(source);
    const manifest = {
      ...{ contract: 'lull.updater.v1', id: 'dev.lull.tool', version, publisher: 'lull' },
      ...{ title: 'A tool', platforms: ['linux'], entrypoint: ['node', './main.mjs'] },
      bundle: { sha256: sha256Of(tar), size: tar.length, files },
      ...{ runtime: 'node', actions: ['install'], scope: 'user-mode' },
      limits: { memory_mb: 64, processes: 16, disk_mb: 16 },
    };
    const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), []);
    const ref = { id: manifest.id, version, bundleSha256: manifest.bundle.sha256, envelope };
    return { ref, tar };
  } finally {
    await rm(source, { recursive: true });
  }
}

const reading = ({ tar }: Bundle): ReadBundle =>
  async function* () {
    await Promise.resolve();
    yield tar;
  };

const nobody: ReadBundle = () => {
  throw new Error('it is visible and not whole');
};

export const catalog: Subject = {
  prepare: async () => {
    bundles.push(await pack('1.0.0'), await pack('2.0.0'));
  },
  write: async (directory, promised) => {
    const store = catalogOn(directory);
    for (const [at, bundle] of bundles.entries()) {
      await store.ensure(bundle.ref, reading(bundle));
      promised(at + 1);
    }
    const second = bundles[1]?.ref.bundleSha256;
    await store.tidy(Date.now() + YEAR_MS, (sha256) => sha256 === second);
    promised(bundles.length + 1);
  },
  problems: async (directory, promised) => {
    const store = catalogOn(directory);
    const visible = await readdir(join(directory, 'catalog'));
    const problems: string[] = [];
    for (const [at, { ref }] of bundles.entries()) {
      const isThere = visible.includes(ref.bundleSha256);
      const mayBeGone = promised <= at || (at === 0 && promised >= REMOVES_AT);
      if (isThere) await store.ensure(ref, nobody);
      else if (!mayBeGone) problems.push(`${ref.version} was promised and is gone`);
    }
    // The launch that was cut is repeated.
    for (const bundle of bundles) await store.ensure(bundle.ref, reading(bundle));
    return problems;
  },
};
