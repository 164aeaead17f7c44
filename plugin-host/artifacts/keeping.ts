// Which contents of the store are let go of.
//
// Invariants:
//   G1. Never what a run has ordered that is not over.
//   G2. Never what was used within RECENT_MS: what was downloaded waits for its install.
//   G3. Longest unused first.

const DAY_MS = 86_400_000;

/** An install waits for its moment, and mostly comes within a day (ours). */
export const RECENT_MS = DAY_MS;

export const keeping = {
  /** A download that nobody came back to for a week is begun anew by whoever still wants it (ours). */
  partialMsMax: 7 * DAY_MS,
  /** As long as the latest install waits (docs/policy.md: `deadlines.others.after`). */
  unusedMsMax: 14 * DAY_MS,
  /** More than a machine's updates of two weeks (ours). */
  storedBytesMax: 4_000_000_000,
  /** The largest installs have thousands. Each is a name of the machine's disk, however small it is (ours; T20). */
  storedCountMax: 20_000,
  /** As for admission (docs/policy.md: `disk.free_min_mb`). */
  freeBytesMin: 1_073_741_824,
} as const;

export interface Kept {
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly usedAtMs: number;
}

/** Digests to let go of, in order. @param neededBytes that have to be free besides. */
export function dispensable(
  all: readonly Kept[],
  inUse: ReadonlySet<string>,
  disk: { readonly freeBytes: number; readonly neededBytes: number },
  nowMs: number,
): readonly string[] {
  let storedBytes = all.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  let storedCount = all.length;
  let missingBytes = keeping.freeBytesMin + disk.neededBytes - disk.freeBytes;
  const gone: string[] = [];
  for (const { sha256, sizeBytes, usedAtMs } of [...all].sort((a, b) => a.usedAtMs - b.usedAtMs)) {
    // A clock that was set back makes nothing old; what lies ahead was used just now.
    const unusedMs = nowMs - usedAtMs;
    if (inUse.has(sha256) || unusedMs < RECENT_MS) continue;
    const tooOld = unusedMs >= keeping.unusedMsMax;
    const tooMuch = storedBytes > keeping.storedBytesMax || storedCount > keeping.storedCountMax;
    if (!tooOld && !tooMuch && missingBytes <= 0) continue;
    gone.push(sha256);
    storedBytes -= sizeBytes;
    storedCount -= 1;
    missingBytes -= sizeBytes;
  }
  return gone;
}

/**
 * What to let go of that can be had again, by name: what is older than `unusedMsMax`, and where the disk
 * runs full the oldest, unless it was used within `recentMs`.
 */
export function abandoned(
  all: readonly { readonly name: string; readonly sizeBytes: number; readonly usedAtMs: number }[],
  disk: { readonly freeBytes: number; readonly neededBytes: number },
  nowMs: number,
  unusedMsMax: number,
  recentMs: number = RECENT_MS,
): readonly string[] {
  let missingBytes = keeping.freeBytesMin + disk.neededBytes - disk.freeBytes;
  const gone: string[] = [];
  for (const { name, sizeBytes, usedAtMs } of [...all].sort((a, b) => a.usedAtMs - b.usedAtMs)) {
    const unusedMs = nowMs - usedAtMs;
    if (unusedMs < unusedMsMax && (missingBytes <= 0 || unusedMs < recentMs)) continue;
    gone.push(name);
    missingBytes -= sizeBytes;
  }
  return gone;
}
