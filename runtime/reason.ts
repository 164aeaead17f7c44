// The reason of the contract's table that comes with an error of gRPC. Without gRPC itself: whoever only tells what
// failed, as a command that asks nobody does, need not load it.

import type { Metadata } from '@grpc/grpc-js';

/** The metadata key under which it travels. */
export const REASON_KEY = 'lull-reason';

/** The reason that came with an error, or undefined. */
export function reasonOf(error: unknown): string | undefined {
  const { metadata } = error as { readonly metadata?: Partial<Metadata> };
  const value = metadata?.get?.(REASON_KEY)[0];
  return typeof value === 'string' ? value : undefined;
}
