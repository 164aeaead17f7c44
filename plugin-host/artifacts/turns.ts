// One at a time for each name, in the order in which they came.

import { HostError } from '../channel/host-failure.js';

export interface Turns {
  /**
   * Waits for the turn of `name`; the answer ends it.
   * @throws HostError RUN_OVER when the signal is aborted first.
   */
  take(name: string, signal: AbortSignal): Promise<() => void>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    take: async (name, signal) => {
      const before = last.get(name) ?? Promise.resolve();
      let end = (): void => undefined;
      const mine = new Promise<void>((resolve) => {
        end = resolve;
      });
      const turn = before.then(() => mine);
      last.set(name, turn);
      void turn.then(() => {
        if (last.get(name) === turn) last.delete(name);
      });
      try {
        await beforeAbort(before, signal);
      } catch (error) {
        // Given up: those behind wait only for those before.
        end();
        throw error;
      }
      return end;
    },
  };
}

function beforeAbort(waited: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      reject(new HostError('RUN_OVER', 'the run is over'));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort, { once: true });
    void waited.then(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}
