// A Lull of a benchmark's own, stopped at its end: also one that had not yet started when a signal came.
// It has a session for itself, as it has as a service.

import { startLull, type RunningLull, type StartOptions } from '../harness/lull.spawn.js';
import type { CloseStack } from '../runtime/shutdown.js';

/** @throws StartError */
export async function openLull(options: StartOptions, opened: CloseStack): Promise<RunningLull> {
  const starting = startLull({ ...options, ownSession: true });
  opened.add('Lull', {
    close: async () => {
      // One that did not start has said so to whoever waits for it.
      const lull = await starting.catch(() => undefined);
      await lull?.stop();
    },
  });
  return await starting;
}
