// T1: a racer, in a process of its own, renames and overwrites the vendor's bundle 10,000 times and more
// while it is taken in and verified, and, as the updater's own user, tries the same on the store. What is
// launched is what was signed, or nothing; the evil one never runs.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createReadStream, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { signEnvelope } from '../../bundle/envelope.js';
import { packDirectory } from '../../bundle/pack.fs.js';
import { sha256Of } from '../../bundle/tar.js';
import type { BundleRef } from './admission.js';
import { createCatalog } from './catalog.fs.js';
import { CatalogError } from './catalog-error.js';

/** At least; the racer goes on until something of what it did was refused. */
const RACES = 10_000;
const UPDATER_UID = 61_000;
const asRoot = process.getuid?.() === 0;

let root: string;
let racers: ChildProcess[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lull-race-'));
  chmodSync(root, 0o755);
  racers = [];
});

afterEach(async () => {
  for (const racer of racers) racer.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

async function packed(says: string): Promise<{ tar: Buffer; ref: BundleRef }> {
  const source = join(root, `source-${says}`);
  mkdirSync(source);
  writeFileSync(join(source, 'main.mjs'), `console.log('${says}');\n`, { mode: 0o755 });
  const { tar, files } = await packDirectory(source);
  const bundleSha256 = sha256Of(tar);
  const manifest = {
    ...{ contract: 'lull.updater.v1', id: 'org.example.tool', version: '1.0.0' },
    ...{ publisher: 'example', title: 'Keeps the tool up to date', platforms: ['linux'] },
    ...{ bundle: { sha256: bundleSha256, size: tar.length, files }, runtime: 'node' },
    ...{ entrypoint: ['node', './main.mjs'], actions: ['install'], scope: 'user-mode' },
    limits: { memory_mb: 64, processes: 16, disk_mb: 16 },
  };
  const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), []);
  return { tar, ref: { id: manifest.id, version: '1.0.0', bundleSha256, envelope } };
}

/** Runs `body` in a process of its own; says how often it succeeded, as its last word. */
function race(body: string): { readonly done: Promise<string> } {
  const racer = spawn(process.execPath, ['--input-type=module', '-e', body], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  racers.push(racer);
  let said = '';
  racer.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return { done: once(racer, 'close').then(() => said) };
}

test('the evil one never runs', async () => {
  const [good, evil] = [await packed('good'), await packed('evil')];
  const vendor = join(root, 'vendor.tar');
  const storeDir = join(root, 'store');
  for (const [name, { tar }] of Object.entries({ good, evil }))
    writeFileSync(join(root, name), tar);
  writeFileSync(vendor, good.tar);
  const catalog = createCatalog({ dir: storeDir });
  const refusedOnce = join(root, 'refused-once');
  const evilMain = "console.log('evil');\n";
  // By turns: a rename of the evil one over the good one, and bytes written into it in place.
  const outside = race(`
    import { copyFileSync, existsSync, linkSync, renameSync } from 'node:fs';
    const [good, evil, at, next] = ${JSON.stringify([join(root, 'good'), join(root, 'evil'), vendor, `${vendor}.next`])};
    const isOver = () => existsSync(${JSON.stringify(refusedOnce)});
    for (let n = 0; n < ${String(RACES)} || !isOver(); n += 1) {
      // A file of its own where it is written into; a further name of one where it is not.
      if (n % 10 === 0) copyFileSync(good, next);
      else linkSync(n % 2 === 0 ? evil : good, next);
      renameSync(next, at);
      if (n % 10 === 0) copyFileSync(evil, at);
    }
    process.stdout.write('done');`);
  const entry = join(storeDir, good.ref.bundleSha256);
  const inside = asRoot
    ? race(`
    // Given up here and not at the start: that user need not be able to reach this Node.js.
    const user = ${String(UPDATER_UID)};
    process.setgroups([]);
    process.setgid(user);
    process.setuid(user);
    import { chmodSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
    const entry = ${JSON.stringify(entry)};
    const main = entry + '/main.mjs';
    const tries = [
      () => writeFileSync(main, ${JSON.stringify(evilMain)}),
      () => unlinkSync(main),
      () => renameSync(main, main + '.old'),
      () => chmodSync(main, 0o777),
      () => renameSync(entry, entry + '.old'),
      () => symlinkSync('/etc', entry + '/link'),
    ];
    let succeeded = 0;
    for (let n = 0; n < ${String(RACES)}; n += 1) {
      try { tries[n % tries.length](); succeeded += 1; } catch {}
    }
    process.stdout.write(String(succeeded));`)
    : undefined;
  const racing = { over: false };
  const outcomes = new Map<string, number>();
  const count = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
  void outside.done.then(() => (racing.over = true));
  const readVendor = () => createReadStream(vendor) as AsyncIterable<Uint8Array>;
  for (let attempt = 0; !racing.over || attempt === 0; attempt += 1) {
    try {
      // Every other time it is taken in anew: that is when the vendor's file is read.
      if (attempt % 2 === 0) await rm(entry, { recursive: true, force: true });
      const { bundleDir } = await catalog.ensure(good.ref, readVendor);
      // The same way that a sandbox executes it: these very files.
      const launched = attempt % 50 < 2;
      const main = join(bundleDir, 'main.mjs');
      const says = launched
        ? (await promisify(execFile)(process.execPath, [main])).stdout
        : 'verified';
      count(says.trim());
    } catch (error) {
      if (!(error instanceof CatalogError)) throw error;
      count(error.code);
      writeFileSync(refusedOnce, '');
    }
  }
  expect(await outside.done).toBe('done');
  if (inside !== undefined) expect(await inside.done).toBe('0');
  // The last word is the vendor's own: with the good file in place it runs.
  writeFileSync(vendor, good.tar);
  const { bundleDir } = await catalog.ensure(good.ref, readVendor);
  const last = await promisify(execFile)(process.execPath, [join(bundleDir, 'main.mjs')]);
  expect(last.stdout.trim()).toBe('good');
  expect([...outcomes.keys()]).not.toContain('evil');
}, 120_000);
