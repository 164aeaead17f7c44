// The way out of a launch to the network: one for each run, whose tunnels end with it. A launch may be
// taken by its next run while that of the run before is still being closed.

import type { Closeable } from '../../runtime/shutdown.js';

export class WayOut<Run> implements Closeable {
  private present: Closeable | undefined;

  /** @param serve opens it for a run; absent: there is none. */
  constructor(private readonly serve: ((run: Run) => Promise<Closeable>) | undefined) {}

  async open(run: Run): Promise<void> {
    this.present = await this.serve?.(run);
  }

  /** Closes the one that there is now, and none that comes meanwhile. */
  async close(): Promise<void> {
    const { present } = this;
    this.present = undefined;
    await present?.close();
  }
}
