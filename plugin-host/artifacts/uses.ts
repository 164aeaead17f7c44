// Who needs which content, and what is on its way out of the store: one or the other.
//
// Content is named by the hexadecimal of any of its strong digests. An order holds the names that it
// knows before it looks whether they are there; whoever clears away asks for all the names of a content
// in the same step in which it finds that nobody holds one.
//
// Invariants:
//   J1. What is held is not let go of, also where it was chosen before it was held.
//   J2. Whoever wants to hold what is being let go of waits until it is gone, and then finds it gone.

export class Uses {
  private readonly counts = new Map<string, number>();
  private readonly leaving = new Map<string, Promise<void>>();

  /** @returns what lets go of the names again, once. */
  async hold(names: readonly string[]): Promise<() => void> {
    for (;;) {
      const going = names.map((name) => this.leaving.get(name)).find((each) => each !== undefined);
      if (going === undefined) break;
      await going; // J2
    }
    for (const name of names) this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      for (const name of names) this.release(name);
    };
  }

  isHeld(name: string): boolean {
    return this.counts.has(name);
  }

  /** @returns what ends the leaving, or undefined where somebody holds one of the names (J1). */
  leave(names: readonly string[]): (() => void) | undefined {
    if (names.some((name) => this.isHeld(name))) return undefined;
    let end = (): void => undefined;
    const gone = new Promise<void>((resolve) => {
      end = resolve;
    });
    for (const name of names) this.leaving.set(name, gone);
    return () => {
      for (const name of names) this.leaving.delete(name);
      end();
    };
  }

  private release(name: string): void {
    const left = (this.counts.get(name) ?? 0) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
  }
}
