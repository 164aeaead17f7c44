// A .lull file as what the suite tries: its manifest, and its files where they can be executed.

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { parseEnvelope } from '../../bundle/envelope.js';
import { entrypointProblems } from '../../bundle/entrypoint.js';
import { settingProblems, settingsTaken } from '../../bundle/grant.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { BundleError, readLullFile } from '../../bundle/tar.js';
import { createCatalog } from '../../plugin-host/catalog/catalog.fs.js';
import type { Claims } from '../../sdk/conformance/subject.js';
import { CommandError, VALUE_SENSELESS } from '../failure.js';

export interface OpenedFile {
  readonly manifest: Manifest;
  readonly bundleDir: string;
}

/** Unpacks it below `dir`, as a plugin-host does, and verifies every byte. @throws CommandError */
export async function openLullFile(file: string, dir: string): Promise<OpenedFile> {
  try {
    const { envelope, tar } = await readLullFile(createReadStream(file));
    const parsed = parseEnvelope(envelope);
    if (parsed === undefined)
      throw new CommandError(`${file}: what should be its envelope is none`);
    const read = parseManifest(parsed.payload);
    if (read.kind === 'invalid') {
      throw new CommandError(`${file}: its manifest is not valid: ${read.problems.join('; ')}`);
    }
    const { manifest } = read;
    const problems = entrypointProblems(manifest);
    if (problems.length > 0) throw new CommandError(`${file}: ${problems.join('; ')}`);
    const { id, version, bundle } = manifest;
    const ref = { id, version, bundleSha256: bundle.sha256, envelope };
    // Whoever signed it: nobody is asked to trust it here.
    const catalog = createCatalog({ dir: join(dir, 'catalog') });
    const { bundleDir } = await catalog.ensure(ref, () => tar);
    return { manifest, bundleDir };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    if (error instanceof BundleError || error instanceof Error) {
      throw new CommandError(`${file} cannot be tried: ${error.message}`);
    }
    throw error;
  }
}

/** @throws CommandError that names each setting without a usable value. */
export function requireSettings(manifest: Manifest, settings: ReadonlyMap<string, string>): void {
  const declared = new Set(manifest.settings.map(({ name }) => name));
  const unknown = [...settings.keys()].filter((name) => !declared.has(name));
  const problems = [
    ...unknown.map((name) => `${name}: the manifest has no such setting`),
    ...settingProblems(manifest, settings),
  ];
  if (problems.length === 0) return;
  const what = `${manifest.id} cannot be tried without its settings: ${problems.join('; ')}`;
  throw new CommandError(`${what}. ${settingsTaken(manifest)}`, VALUE_SENSELESS);
}

export function claimsOf(manifest: Manifest, egress: readonly string[]): Claims {
  const { id, version, actions, install_roots, roots, limits } = manifest;
  return {
    ...{ id, version, actions, egress },
    installRoots: install_roots.map(({ name }) => name),
    writesRoots: roots.length > 0,
    runMs: limits.run_s * 1_000,
  };
}
