// Whoever waits for a run to go on, until it does or is over.

export class RunOverError extends Error {
  constructor() {
    super('the run is over');
    this.name = 'RunOverError';
  }
}

interface Waiter {
  readonly holds: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export class Waiters {
  private waiting: Waiter[] = [];
  private closed = false;

  get over(): boolean {
    return this.closed;
  }

  /** Resolves as soon as `holds`. @throws RunOverError */
  until(holds: () => boolean): Promise<void> {
    if (this.closed) return Promise.reject(new RunOverError());
    if (holds()) return Promise.resolve();
    return new Promise((resolve, reject) => this.waiting.push({ holds, resolve, reject }));
  }

  /** Something has changed: those whose wait is over go on. */
  wake(): void {
    const all = this.waiting;
    this.waiting = all.filter(({ holds }) => !holds());
    for (const { holds, resolve } of all) if (holds()) resolve();
  }

  /** Nobody waits any more. Idempotent. */
  close(): void {
    this.closed = true;
    for (const { reject } of this.waiting.splice(0)) reject(new RunOverError());
  }
}
