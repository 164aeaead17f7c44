// Puts a version in place: what was fetched is unpacked into a tree of its own, and committed whole.
//
// Invariants:
//   I1. Nothing but the work directory is written to. The root changes only by Commit.
//   I2. Whatever an earlier attempt left is removed first.
//   I3. The content comes from the host's store, by its digest, and no network is needed.
//   I4. What the root holds besides what this updater brought is not thrown away.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome, PerformCall } from '../../sdk/updater.js';
import { fetchFile } from './download.js';
import type { SafeOffer } from './offer.js';
import { installedIn, requireUnchanged, writeRecord } from './record.fs.js';
import { unpack } from './unpack.fs.js';
import type { Wanted } from './wanted.js';
import { planned, ROOT, STAGE, type Target } from './work.fs.js';

/** As much as the manifest's `disk_mb`: more would not be committed. */
const UNPACKED_BYTES_MAX = 2_048 * 1_000_000;
/** Of the way: what the host has already is there at once. */
const UNPACKED_FROM = 0.3;
const VERIFY: Outcome = { kind: 'more_to_do', nextAction: 'verify' };

export async function install(call: PerformCall, wanted: Wanted, target: Target): Promise<Outcome> {
  const rootDir = call.rootDir(ROOT);
  const installed = await installedIn(rootDir, wanted.rootPath);
  // An attempt that was cut after its Commit ends here when it is repeated.
  if (installed?.text === target.version) return VERIFY;
  const offer = await planned(call.workDir, wanted, target);
  if (offer === undefined) return { kind: 'more_to_do', nextAction: 'download' };
  if (installed !== undefined) {
    call.progress(0, `looking at what is in ${wanted.rootPath}`);
    await requireUnchanged(rootDir, installed, wanted.rootPath, call.signal); // I4
  }
  const stageDir = join(call.workDir, STAGE);
  await rm(stageDir, { recursive: true, force: true }); // I2
  try {
    await mkdir(stageDir);
    await commitVersion(call, wanted, offer, stageDir);
  } finally {
    await rm(stageDir, { recursive: true, force: true });
  }
  return VERIFY;
}

async function commitVersion(
  call: PerformCall,
  { program }: Wanted,
  offer: SafeOffer,
  stageDir: string,
): Promise<void> {
  const { path } = await fetchFile(call, offer, (done) => {
    call.progress(UNPACKED_FROM * done, 'taking it from the store'); // I3
  });
  call.progress(UNPACKED_FROM, `unpacking ${offer.name}`);
  const packed = { file: path, name: offer.name, program, bytesMax: UNPACKED_BYTES_MAX };
  const { dir, content } = await unpack(packed, stageDir, call.signal);
  await writeRecord(dir, offer.version, content);
  call.progress(0.8, 'committing');
  await call.host.commit(ROOT, `${STAGE}/tree`);
  call.progress(1, 'committed');
}
