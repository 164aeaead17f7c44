// What is kept in the work directory, and where.
//
//   updates/<package>/<version>/plan.json   the closure; there only when it is whole
//   updates/<package>/<version>/npm         npm's own project, cache and home
//   stage                                   the next tree of the prefix; thrown away at each start

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tarball } from './closure.js';
import { directoryNameOf } from './package-name.js';

/** The install root of the manifest. */
export const ROOT = 'prefix';
/** Below the work directory. */
export const STAGE = 'stage';
const PLAN_FORMAT = 2;

export interface Target {
  readonly name: string;
  readonly version: string;
}

export interface WorkPaths {
  readonly packageDir: string;
  readonly versionDir: string;
  readonly npmDir: string;
  readonly stageDir: string;
}

/** What has to come in for one version, and the lockfile that says where it goes. */
export interface Plan {
  readonly format: number;
  /** The one that said so: another may have the tarballs elsewhere. */
  readonly registry: string;
  readonly tarballs: readonly Tarball[];
  readonly lockfile: unknown;
}

export function workOf(workDir: string, target: Target): WorkPaths {
  const packageDir = join(workDir, 'updates', directoryNameOf(target.name));
  const versionDir = join(packageDir, target.version);
  return {
    packageDir,
    versionDir,
    npmDir: join(versionDir, 'npm'),
    stageDir: join(workDir, STAGE),
  };
}

export async function writePlan(versionDir: string, made: Omit<Plan, 'format'>): Promise<Plan> {
  const plan: Plan = { format: PLAN_FORMAT, ...made };
  await mkdir(versionDir, { recursive: true });
  await writeFile(join(versionDir, 'plan.json.new'), JSON.stringify(plan));
  await rename(join(versionDir, 'plan.json.new'), join(versionDir, 'plan.json'));
  return plan;
}

/** What it names could not be had: the registry may say something else the next time. */
export async function removePlan(versionDir: string): Promise<void> {
  await rm(join(versionDir, 'plan.json'), { force: true });
}

/** Undefined when there is none of this format that `registry` made. */
export async function readPlan(versionDir: string, registry: string): Promise<Plan | undefined> {
  try {
    const plan = JSON.parse(await readFile(join(versionDir, 'plan.json'), 'utf8')) as Plan;
    return plan.format === PLAN_FORMAT && plan.registry === registry ? plan : undefined;
  } catch {
    // It is written whole or not at all, and what can't be read is made again.
    return undefined;
  }
}
