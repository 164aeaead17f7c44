// What is kept in the work directory:
//
//   plan.json   what has to come in, and from where; there only when it is whole
//   stage       what is unpacked; thrown away at each start
//   home        of the program while it is tried

import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestText, type SafeOffer } from './offer.js';
import type { Wanted } from './wanted.js';

/** The install root of the manifest. */
export const ROOT = 'root';
/** Below the work directory. */
export const STAGE = 'stage';
const PLAN_FORMAT = 1;

/** The version that an update is about, and the digest of its file. */
export interface Target {
  readonly version: string;
  readonly digest: string;
}

interface Plan {
  readonly format: number;
  /** The settings that it was made of: with others the file may lie elsewhere. */
  readonly source: string;
  readonly offer: SafeOffer;
}

function sourceOf({ feed, files, assetText }: Wanted): string {
  return `${feed} ${files} ${assetText}`;
}

export function isOf({ version, digest }: SafeOffer, target: Target): boolean {
  return version === target.version && digestText(digest) === target.digest;
}

export async function writePlan(workDir: string, wanted: Wanted, offer: SafeOffer): Promise<void> {
  const plan: Plan = { format: PLAN_FORMAT, source: sourceOf(wanted), offer };
  await writeFile(join(workDir, 'plan.json.new'), JSON.stringify(plan));
  await rename(join(workDir, 'plan.json.new'), join(workDir, 'plan.json'));
}

export async function removePlan(workDir: string): Promise<void> {
  await rm(join(workDir, 'plan.json'), { force: true });
}

/** The file of this target; undefined where no plan of these settings says it. */
export async function planned(
  workDir: string,
  wanted: Wanted,
  target: Target,
): Promise<SafeOffer | undefined> {
  try {
    const plan = JSON.parse(await readFile(join(workDir, 'plan.json'), 'utf8')) as Plan;
    if (plan.format !== PLAN_FORMAT || plan.source !== sourceOf(wanted)) return undefined;
    return isOf(plan.offer, target) ? plan.offer : undefined;
  } catch {
    // It is written whole or not at all, and what can't be read is made again.
    return undefined;
  }
}
