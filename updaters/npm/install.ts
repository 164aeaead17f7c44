// Puts a version in place: the package and its commands, committed in place of those that are there.
//
//   tarballs, unpacked ─▶ stage ─▶ links in bin ─▶ Commit: what else is in the prefix stays
//
// Invariants:
//   I1. Nothing but the work directory is written to. The prefix changes only by Commit.
//   I2. Whatever an earlier attempt left is removed first.
//   I3. The content comes from the host's store, by the digests of the plan, and no network is needed.

import { lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail } from '../../sdk/failure.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { linkChanges } from './bins.js';
import { fetchAll } from './download.js';
import { installedPackage, packageDir } from './installed.fs.js';
import { registryOf } from './scan.js';
import { plainModes } from './tree.fs.js';
import { unpackAll } from './unpack.fs.js';
import { readPlan, ROOT, STAGE, workOf, type Plan, type Target } from './work.js';

const VERIFY: Outcome = { kind: 'more_to_do', nextAction: 'verify' };

export async function install(call: PerformCall, target: Target): Promise<Outcome> {
  const { versionDir, npmDir, stageDir } = workOf(call.workDir, target);
  const current = await installedPackage(call.rootDir(ROOT), target.name);
  // An attempt that was cut after its Commit ends here when it is repeated.
  if (current?.version === target.version) return VERIFY;
  const plan = await readPlan(versionDir, registryOf(call));
  if (plan === undefined) return { kind: 'more_to_do', nextAction: 'download' };
  const discard = async (): Promise<void> => {
    await rm(stageDir, { recursive: true, force: true });
    await rm(npmDir, { recursive: true, force: true });
  };
  await discard(); // I2
  try {
    await commitVersion(call, target, plan);
  } finally {
    await discard();
  }
  return VERIFY;
}

async function commitVersion(call: PerformCall, target: Target, plan: Plan): Promise<void> {
  const { npmDir, stageDir } = workOf(call.workDir, target);
  const projectDir = await unpack(call, plan, npmDir);
  call.progress(0.75, 'putting it in place');
  await place(projectDir, stageDir, target);
  await plainModes(packageDir(stageDir, target.name), call.signal);
  const links = await relink(call.rootDir(ROOT), stageDir, target);
  call.progress(0.85, 'committing');
  await call.host.commit(ROOT, STAGE, [packageDir('', target.name), ...links]);
  call.progress(1, 'committed');
}

/** Unpacks the version from the host's store (I3), in the shape of a project that needs it. */
async function unpack(call: PerformCall, plan: Plan, npmDir: string): Promise<string> {
  const projectDir = join(npmDir, 'project');
  const artifacts = await fetchAll(call, plan.tarballs, (done) => {
    call.progress(0.3 * done, 'taking it from the store');
  });
  call.progress(0.3, 'unpacking');
  const files = artifacts.map(({ path }) => path);
  await unpackAll(projectDir, plan.tarballs, files, call.signal);
  return projectDir;
}

/** Moves what was unpacked into the stage, in the shape of a global installation. */
async function place(projectDir: string, stageDir: string, { name }: Target): Promise<void> {
  const modules = join(projectDir, 'node_modules');
  for (const other of await topPackages(modules)) {
    if (other === name) continue;
    // A peer lies beside the package that asked for it; beside it in the prefix it would be a
    // program of its own.
    const nested = join(modules, name, 'node_modules', other);
    if ((await kindOf(nested)) !== undefined) {
      throw fail('LAYOUT_UNSUPPORTED', `${name} needs two versions of ${other} in one place`);
    }
    await mkdir(dirname(nested), { recursive: true });
    await rename(join(modules, other), nested);
  }
  const target = packageDir(stageDir, name);
  await mkdir(dirname(target), { recursive: true });
  await rename(join(modules, name), target);
}

async function topPackages(modules: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await readdir(modules)) {
    if (entry.startsWith('.')) continue;
    if (!entry.startsWith('@')) names.push(entry);
    else names.push(...(await readdir(join(modules, entry))).map((each) => `${entry}/${each}`));
  }
  return names;
}

/**
 * Stages the links in `bin` that the package's new version wants and that are not there yet.
 * @returns what changes below the prefix; what goes is among it, and not staged.
 */
async function relink(prefixDir: string, stageDir: string, { name }: Target): Promise<string[]> {
  const installed = await installedPackage(stageDir, name);
  const present = await linksIn(join(prefixDir, 'bin'));
  const changed: string[] = [];
  for (const change of linkChanges(name, installed?.bins ?? new Map(), present)) {
    const path = join('bin', change.command);
    if (change.kind === 'taken') {
      throw fail('COMMAND_TAKEN', `${path} belongs to something else: not replaced`);
    }
    if (change.kind === 'make') {
      if (present.get(change.command) === change.target) continue;
      await mkdir(join(stageDir, 'bin'), { recursive: true });
      await symlink(change.target, join(stageDir, path));
    }
    changed.push(path);
  }
  return changed;
}

/** Every entry of `bin`, with its target when it is a link. */
async function linksIn(binDir: string): Promise<Map<string, string | undefined>> {
  const present = new Map<string, string | undefined>();
  if ((await kindOf(binDir)) === undefined) return present;
  for (const entry of await readdir(binDir)) {
    const path = join(binDir, entry);
    present.set(entry, (await kindOf(path)) === 'link' ? await readlink(path) : undefined);
  }
  return present;
}

async function kindOf(path: string): Promise<'link' | 'other' | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return found && (found.isSymbolicLink() ? 'link' : 'other');
}
