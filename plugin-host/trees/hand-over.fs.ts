// A root that an updater may write belongs to that updater's user: handed over once, before its first
// run, and never taken from anybody but the host's own user.

import { closeSync, lchownSync, statSync } from 'node:fs';
import { HostError } from '../channel/host-failure.js';
import { openBelow, walk } from './walk.fs.js';

/** @throws HostError for what must not be handed over; it stays as it was until everything was seen. */
export function handOver(
  { path, uid }: { readonly path: string; readonly uid: number },
  between: () => void,
): void {
  const refused = (words: string): HostError =>
    new HostError('APPLY_FAILED', `${path} cannot be handed to the updater: ${words}`);
  const top = statSync(path);
  if (top.uid === uid) return;
  const hostUid = process.getuid?.() ?? 0;
  if (top.uid !== hostUid) throw refused(`it belongs to user ${String(top.uid)}`);
  const root = openBelow(path, []);
  try {
    for (const found of walk(root)) {
      between();
      if (found.kind === 'lost') throw refused(`${found.path} cannot be looked at`);
      const problem = problemOf(found.kind, found.stat, { hostUid, uid, device: top.dev });
      if (problem !== undefined) throw refused(`${found.path} ${problem}`);
    }
    for (const found of walk(root)) {
      // One that was seen a moment ago, and is gone: there is nothing to hand over.
      if (found.kind !== 'lost') lchownSync(found.address, uid, uid);
    }
  } finally {
    closeSync(root);
  }
  lchownSync(path, uid, uid); // Last: it says that all of it is done.
}

function problemOf(
  kind: string,
  found: {
    readonly mode: number;
    readonly uid: number;
    readonly nlink: number;
    readonly dev: number;
  },
  { hostUid, uid, device }: { hostUid: number; uid: number; device: number },
): string | undefined {
  if (found.dev !== device) return 'is on another file system';
  if (found.uid !== hostUid && found.uid !== uid) return 'belongs to somebody else';
  if (kind === 'other') return 'is a device, a socket or a pipe';
  if (kind !== 'link' && (found.mode & 0o6000) !== 0) return 'has a setuid or setgid bit';
  // The other name may lie where the updater must not write.
  if (kind === 'file' && found.nlink > 1) return 'has another name as well';
  return undefined;
}
