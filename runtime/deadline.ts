/** Something outside did not answer in time. */
export class DeadlineError extends Error {
  readonly code = 'DEADLINE_EXCEEDED';

  constructor(what: string, afterMs: number) {
    super(`${what} did not finish within ${String(afterMs)} ms`);
    this.name = 'DeadlineError';
  }
}

/**
 * Waits for `promise`, but no longer than `afterMs`.
 * @param what names the thing waited for, in the message of the DeadlineError.
 */
export async function within<T>(promise: Promise<T>, afterMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(what, afterMs));
    }, afterMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves after `delayMs`, or at once with `false` when the signal is aborted. */
export function pause(delayMs: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve(true);
    }, delayMs);
    function onAbort(): void {
      clearTimeout(timer);
      resolve(false);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Resolves when the signal is aborted, or was already. */
export function whenAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const settle = (): void => {
      resolve(undefined);
    };
    signal.addEventListener('abort', settle, { once: true });
    if (signal.aborted) settle();
  });
}
