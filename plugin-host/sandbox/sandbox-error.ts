// Why a sandbox could not be made. Every message fits in one line and says what to do.

export type SandboxErrorCode =
  /** No OCI runtime on this machine. */
  | 'RUNTIME_MISSING'
  /** Lull lacks the rights to confine anything. */
  | 'NOT_PERMITTED'
  /** What is frozen goes on here, so nothing may run. */
  | 'CANNOT_FREEZE'
  /** The runtime refused, or the program is not there; the message has the runtime's words. */
  | 'LAUNCH_REFUSED'
  /** The runtime had neither started it nor refused it when its time was over. */
  | 'LAUNCH_LATE'
  /** What it takes could not be made. */
  | 'LAUNCH_FAILED'
  /** The caller's signal was aborted before the updater ran. */
  | 'CANCELLED';

/** Whatever kept a sandbox from being made, in one line. */
export function asSandboxError(error: unknown): SandboxError {
  if (error instanceof SandboxError) return error;
  const words = error instanceof Error ? error.message : String(error);
  const what = `the sandbox could not be made: ${words}`;
  return new SandboxError('LAUNCH_FAILED', what, { cause: error });
}

export class SandboxError extends Error {
  constructor(
    readonly code: SandboxErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'SandboxError';
  }
}
