// What is put under a power cut: something that writes, and what must be true of what it wrote.

export interface Subject {
  /** Whether it writes over what is there, so that a write which is cut matters. */
  readonly overwrites?: true;
  /** What is there long before; on the disk when `write` begins. */
  prepare(directory: string): Promise<void>;
  /**
   * @param promised called with a number that grows each time that something was promised to be
   *   durable; `step` where the writer is not one whose steps are seen.
   */
  write(directory: string, promised: (count: number) => void, step: () => void): Promise<void>;
  /** What is wrong with what the power left; empty: nothing. */
  problems(directory: string, promised: number): Promise<readonly string[]>;
}

/** What was seen; `images` differ from each other. */
export interface PowerCutReport {
  readonly steps: number;
  readonly images: number;
  readonly problems: readonly string[];
}
