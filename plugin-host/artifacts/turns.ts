// One at a time for each name, in the order in which they came.

import { HostError } from '../channel/host-failure.js';

export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /**
   * Waits for the turn of `name`; the answer ends it.
   * @throws HostError RUN_OVER when the signal is aborted first.
   */
  async take(name: string, signal: AbortSignal): Promise<() => void> {
    const before = this.last.get(name) ?? Promise.resolve();
    let end = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      end = resolve;
    });
    const turn = before.then(() => mine);
    this.last.set(name, turn);
    void turn.then(() => {
      if (this.last.get(name) === turn) this.last.delete(name);
    });
    const aborted = new Promise<never>((_resolve, reject) => {
      const onAbort = (): void => {
        reject(new HostError('RUN_OVER', 'the run is over'));
      };
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      await Promise.race([before, aborted]);
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }
}
