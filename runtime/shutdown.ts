import type { Log } from './log.js';

/** Something with a lifetime. `close` is idempotent. */
export interface Closeable {
  close(): Promise<void> | void;
}

/**
 * Closes what was opened, last first, whatever fails on the way.
 * A closer that throws is logged and does not keep the others from closing.
 */
export class CloseStack implements Closeable {
  private readonly entries: { what: string; close: () => Promise<void> | void }[] = [];
  private closing: Promise<void> | undefined;

  constructor(private readonly log: Log) {}

  /** Remember to close `thing`; returns it. */
  add<T extends Closeable>(what: string, thing: T): T {
    this.entries.push({ what, close: () => thing.close() });
    return thing;
  }

  /** The same for what is only being opened: closed while it is, it is waited for first. */
  addOpening<T extends Closeable>(what: string, opening: Promise<T>): Promise<T> {
    // What did not open has said so to whoever waits for it.
    const close = async (): Promise<void> => (await opening.catch(() => undefined))?.close();
    this.entries.push({ what, close });
    return opening;
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (let entry = this.entries.pop(); entry !== undefined; entry = this.entries.pop()) {
      try {
        await entry.close();
      } catch (error) {
        this.log.error({ err: error, what: entry.what }, 'could not be closed');
      }
    }
  }
}
