import type { Reason } from './reason.js';

/** What a gate answers. `closed` and `unknown` both keep things from running. */
export type GateResult =
  | { readonly kind: 'open' }
  /** `more`: what keeps it closed besides, where a gate asks more than one thing. */
  | { readonly kind: 'closed'; readonly reason: Reason; readonly more?: readonly Reason[] }
  | { readonly kind: 'unknown'; readonly reason: Reason };

export const open: GateResult = { kind: 'open' };

export function closed(reason: Reason, ...more: readonly Reason[]): GateResult {
  return more.length === 0 ? { kind: 'closed', reason } : { kind: 'closed', reason, more };
}

/** Every reason for which it is not open. */
export function reasonsOf(result: GateResult): readonly Reason[] {
  switch (result.kind) {
    case 'open':
      return [];
    case 'closed':
      return [result.reason, ...(result.more ?? [])];
    case 'unknown':
      return [result.reason];
  }
}

export function unknown(reason: Reason): GateResult {
  return { kind: 'unknown', reason };
}
