// Room on the disk that downloads have spoken for before their first byte (T10): two that fit one by
// one, and not together, are not both begun.

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

  /** So much of it has been written: the disk itself knows. */
  used(name: string, bytes: number): void {
    const left = this.spoken.get(name);
    if (left !== undefined) this.spoken.set(name, Math.max(0, left - bytes));
  }

  release(name: string): void {
    this.spoken.delete(name);
  }
}
