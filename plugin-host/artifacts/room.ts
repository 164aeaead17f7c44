// Room on the disk that downloads have spoken for before their first byte (T10): two that fit one by
// one, and not together, are not both begun. And whatever is ordered, the machine is left some.

/** Room in which a machine still logs, and people still work (ours). */
const LEFT_BYTES_MAX = 100_000_000;
const LEFT_PART = 1 / 20;

/** Bytes of a disk that downloads may take, by what `statfs` says of it. */
export function spareBytes(disk: {
  readonly blocks: number;
  readonly bavail: number;
  readonly bsize: number;
}): number {
  const left = Math.min(LEFT_BYTES_MAX, disk.blocks * disk.bsize * LEFT_PART);
  return Math.max(0, disk.bavail * disk.bsize - left);
}

export class Room {
  private readonly spoken = new Map<string, number>();

  /** Speaks for `bytes`, in place of what `name` had; false when they do not fit. */
  reserve(name: string, bytes: number, freeBytes: number): boolean {
    let others = 0;
    for (const [each, reserved] of this.spoken) if (each !== name) others += reserved;
    if (freeBytes - others < bytes) return false;
    this.spoken.set(name, bytes);
    return true;
  }

  has(name: string): boolean {
    return this.spoken.has(name);
  }

  /** So much of it has been written: the disk itself knows. */
  used(name: string, bytes: number): void {
    const left = this.spoken.get(name);
    if (left !== undefined) this.spoken.set(name, Math.max(0, left - bytes));
  }

  release(name: string): void {
    this.spoken.delete(name);
  }
}
