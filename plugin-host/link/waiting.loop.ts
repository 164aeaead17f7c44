// What happened on this host and no orchestrator has acknowledged yet, and whoever waits for there to be
// less of it.

import { acknowledged, emptyOutbox, isFull, post, type Outgoing } from './outbox.js';
import type { Report } from './event.wire.js';
import { weightOf } from './weight.js';

export class Waiting {
  private outbox = emptyOutbox<Report>();
  private readonly roomWanted = new Set<() => void>();

  /** @param onHeard called with each that an orchestrator has acknowledged. */
  constructor(private readonly onHeard: (report: Report) => void = () => undefined) {}

  /** In order. */
  get all(): readonly Outgoing<Report>[] {
    return this.outbox.waiting;
  }

  get lastSequence(): number {
    return this.all.at(-1)?.sequence ?? 0;
  }

  /** Whether something of this run waits. */
  isOf(runId: string): boolean {
    return this.all.some(({ event }) => event.runId === runId);
  }

  add(report: Report): void {
    const droppable = report.event.kind === 'progress';
    this.outbox = post(this.outbox, report, { bytes: weightOf(report), droppable });
  }

  acknowledged(upTo: number): void {
    const heard = this.all.filter(({ sequence }) => sequence <= upTo);
    this.outbox = acknowledged(this.outbox, upTo);
    if (!isFull(this.outbox)) this.tellRoom();
    for (const { event } of heard) this.onHeard(event);
  }

  /** Resolves when there is room for more, or when the signal is aborted (outbox.ts, O2). */
  room(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (!isFull(this.outbox) || signal.aborted) {
        resolve();
        return;
      }
      const end = (): void => {
        this.roomWanted.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.roomWanted.add(end);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  /** Nobody waits for room any more. */
  close(): void {
    this.tellRoom();
  }

  private tellRoom(): void {
    for (const tell of [...this.roomWanted]) tell();
  }
}
