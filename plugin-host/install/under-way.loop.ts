// Changes of install roots that are under way, by run. An updater may say that it is done, or be killed,
// while one is between two steps: whoever ends its run waits, so that what was changed is told before that.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';

/** From the last look at whether the run goes on to the swap: some writes that a disk has to confirm. */
const SETTLES_MS_MAX = 10_000;

export class UnderWay {
  private readonly changes = new Set<{ readonly runId: string; readonly told: Promise<void> }>();

  constructor(private readonly log: Log) {}

  /** @returns how to say that it was told of, or that nothing was changed. */
  begin(runId: string): () => void {
    let tell: () => void = () => undefined;
    const told = new Promise<void>((resolve) => {
      tell = resolve;
    });
    const change = { runId, told };
    this.changes.add(change);
    return () => {
      this.changes.delete(change);
      tell();
    };
  }

  /** Resolves when nothing of this run is under way any more, or when that takes too long. */
  async settled(runId: string, clock: Pick<Clock, 'after'>): Promise<void> {
    const own = [...this.changes].filter((change) => change.runId === runId);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(SETTLES_MS_MAX, () => {
        this.log.error({ runId }, 'a change goes on after its run: the disk does not answer');
        resolve();
      });
      void Promise.all(own.map(({ told }) => told)).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
