// Where a run can stand still without being in anybody's way: the vendor awaits `reach` between steps,
// and that is all of the capability `pause`.
//
// Invariant: P1. Whoever asks is answered when the run stands or has ended, and never waits for a
// resume.

export class SafePoint {
  private asked = false;
  private standing: (() => void) | undefined;
  private asking: (() => void)[] = [];

  /** Resolves when the run stands at a safe point, or has ended. */
  ask(): Promise<void> {
    this.asked = true;
    if (this.standing !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.asking.push(resolve));
  }

  /** The run goes on, whether it stood or not. */
  resume(): void {
    this.asked = false;
    this.answer();
    this.standing?.();
    this.standing = undefined;
  }

  /** At once, unless somebody asked: then when the run may go on. @throws the signal's reason. */
  reach(signal: AbortSignal): Promise<void> {
    if (!this.asked) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.standing = undefined;
        reject(signal.reason as Error);
      };
      this.standing = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.answer();
    });
  }

  /** The run has ended: nobody has to wait for it (P1). */
  end(): void {
    this.answer();
  }

  private answer(): void {
    for (const tell of this.asking.splice(0)) tell();
  }
}
