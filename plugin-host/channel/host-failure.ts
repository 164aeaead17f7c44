// Why the host did not do what an updater asked for: a code of the contract's table, and words for
// people. Thrown inside the host, turned into a gRPC status at the edge and nowhere else.

export type HostReason =
  | 'TOKEN_INVALID'
  | 'GRANT_MISSING'
  | 'FIELD_INVALID'
  | 'UPSTREAM_DOWN'
  | 'RATE_LIMITED'
  | 'METERED'
  | 'DIGEST_MISMATCH'
  | 'NO_SPACE'
  | 'APPLY_FAILED'
  | 'ALREADY_COMMITTED'
  | 'NO_PREVIOUS'
  | 'RUN_OVER';

export class HostError extends Error {
  /** How long a server asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly code: HostReason,
    message: string,
    options?: { cause?: unknown; retryAfterMs?: number },
  ) {
    super(message, options);
    this.name = 'HostError';
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The code of a system error ("ENOSPC"), or undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : '';
  return typeof code === 'string' && code !== '' ? code : undefined;
}

/** What a thrown thing says. By its shape: an error of another realm is no instance of this Error. */
export function errorWords(error: unknown): string {
  const words = typeof error === 'object' && error !== null && 'message' in error && error.message;
  return typeof words === 'string' ? words : String(error);
}

export function isDiskFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}

/** Classifies what a file operation threw: a full disk is NO_SPACE, the rest is `otherwise`. */
export function fileFailure(error: unknown, otherwise: HostReason, what: string): HostError {
  if (error instanceof HostError) return error;
  if (isDiskFull(error)) {
    return new HostError('NO_SPACE', `${what}: the disk is full`, { cause: error });
  }
  return new HostError(otherwise, `${what}: ${errorWords(error)}`, { cause: error });
}
