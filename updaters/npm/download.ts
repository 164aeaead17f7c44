// Brings in everything that one version needs: the registry's document or npm says what that is, the
// host fetches it.
//
// Only the host's store keeps content. What is kept here is the plan, so repeating costs little: a
// tarball that the host has is not fetched again. A plan of another registry, and one whose tarballs could
// not be had, is made anew: whoever mends the registry, or binds another, is not held to what was wrong.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openEgressBridge } from '../../sdk/egress/bridge.js';
import { EgressClient } from '../../sdk/egress/client.http.js';
import { fail, UpdaterFailure } from '../../sdk/failure.js';
import type { Artifact } from '../../sdk/host.js';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { tarballsOf, type Tarball } from './closure.js';
import { runNpm } from './npm.spawn.js';
import { inParallel } from '../../sdk/parallel.js';
import { thisPlatform } from './platform.fs.js';
import { documentOf, registryOf } from './scan.js';
import { lockfileOfSingle } from './single.js';
import { readPlan, removePlan, workOf, writePlan, type Plan, type Target } from './work.js';

const TARBALL_BYTES_MAX = 256 * 1024 * 1024;
const FETCHES_MAX = 4;
/** The part of the progress that working out the closure takes. */
const PLANNED = 0.2;

export async function download(call: PerformCall, target: Target): Promise<Outcome> {
  const { versionDir } = workOf(call.workDir, target);
  call.progress(0, 'working out what it needs');
  const known = await readPlan(versionDir, registryOf(call));
  const { tarballs } = known ?? (await makePlan(call, target));
  try {
    await fetchAll(call, tarballs, (done, step) => {
      call.progress(PLANNED + (1 - PLANNED) * done, step);
    });
  } catch (error) {
    await removePlan(versionDir);
    throw error;
  }
  return { kind: 'more_to_do', nextAction: 'install' };
}

/** Fetches all tarballs; those that the host has cost it a look. */
export async function fetchAll(
  call: PerformCall,
  tarballs: readonly Tarball[],
  onProgress: (done: number, step: string) => void,
): Promise<Artifact[]> {
  const shares = new Map<string, number>();
  return inParallel(tarballs, FETCHES_MAX, async (tarball) => {
    const { place, url, digests } = tarball;
    const step = `downloading ${place.slice(place.lastIndexOf('node_modules/') + 13)}`;
    const advance = (share: number): void => {
      shares.set(place, share);
      const done = [...shares.values()].reduce((sum, each) => sum + each, 0);
      onProgress(done / tarballs.length, step);
    };
    const order = { url, digests, sizeMaxBytes: TARBALL_BYTES_MAX };
    const artifact = await call.host
      .fetch(order, (received, total) => {
        if (total !== undefined && total > 0) advance(Math.min(received / total, 1));
      })
      .catch((error: unknown) => {
        throw explained(error, tarball);
      });
    advance(1);
    return artifact;
  });
}

async function makePlan(call: PerformCall, target: Target): Promise<Plan> {
  const { versionDir } = workOf(call.workDir, target);
  const lockfile = (await singleOf(call, target)) ?? (await lockfileOfNpm(call, target));
  const tarballs = tarballsOf(lockfile, thisPlatform());
  return writePlan(versionDir, { registry: registryOf(call), tarballs, lockfile });
}

async function singleOf(call: PerformCall, target: Target): Promise<unknown> {
  const client = new EgressClient(call.egressSocket);
  try {
    const document = await documentOf(call, client, registryOf(call), target.name);
    return lockfileOfSingle(document, target);
  } finally {
    client.close();
  }
}

async function lockfileOfNpm(call: PerformCall, target: Target): Promise<unknown> {
  const { npmDir } = workOf(call.workDir, target);
  const registry = registryOf(call);
  const projectDir = join(npmDir, 'plan');
  await rm(npmDir, { recursive: true, force: true });
  await mkdir(projectDir, { recursive: true });
  await writeFile(join(projectDir, 'package.json'), projectJson(target));
  const bridge = await openEgressBridge(call.egressSocket);
  try {
    await runNpm({
      projectDir,
      args: [
        'install',
        '--package-lock-only',
        // The shape of a global installation: everything that a package needs lies inside it.
        '--install-strategy=shallow',
        `--registry=${registry}`,
        `--proxy=${bridge.url}`,
        `--https-proxy=${bridge.url}`,
        '--fetch-retries=1',
        '--fetch-retry-mintimeout=1000',
        '--fetch-retry-maxtimeout=1000',
        '--fetch-timeout=60000',
      ],
      signal: call.signal,
    });
  } finally {
    await bridge.close();
  }
  const lockfile: unknown = JSON.parse(
    await readFile(join(projectDir, 'package-lock.json'), 'utf8'),
  );
  await rm(npmDir, { recursive: true, force: true });
  return lockfile;
}

/** A project that needs exactly one version of one package. */
function projectJson({ name, version }: Target): string {
  const dependencies = { [name]: version };
  return JSON.stringify({ name: 'lull-update', version: '0.0.0', private: true, dependencies });
}

/** The host's refusal, with what a person can do about it. */
function explained(error: unknown, { url, place }: Tarball): unknown {
  if (!(error instanceof UpdaterFailure) || error.reason !== 'GRANT_MISSING') return error;
  return fail(
    'GRANT_MISSING',
    `the registry says that ${place} lies at ${new URL(url).origin}, where this updater may not ` +
      `download from. Bind the setting "registry" to a registry that serves its own tarballs. ` +
      `(${error.message})`,
    { cause: error },
  );
}
