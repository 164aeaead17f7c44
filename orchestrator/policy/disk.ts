// What policy says of disks.

const DAY = 86_400_000;

export interface DiskPolicy {
  readonly marginShare: number;
  readonly freeBytesMin: number;
  /** How many versions before the present one are kept of an install root. */
  readonly previousVersions: number;
  /** How long a host keeps what an updater kept there that is not registered any more. */
  readonly keepWithdrawnMs: number;
  /** Of one updater: from its work directory and its bundle's disk. */
  readonly readBytesPerSMax: number;
  /** Of one updater: to its work directory, where that is a disk of its own. */
  readonly writeBytesPerSMax: number;
}

/** All ours. */
export const defaultDisk: DiskPolicy = {
  marginShare: 0.1,
  freeBytesMin: 1_073_741_824,
  previousVersions: 1,
  keepWithdrawnMs: 14 * DAY,
  readBytesPerSMax: Number.POSITIVE_INFINITY,
  writeBytesPerSMax: Number.POSITIVE_INFINITY,
};
