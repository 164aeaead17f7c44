import type { Reason } from './reason.js';

/** What a gate answers. `closed` and `unknown` both keep things from running. */
export type GateResult =
  | { readonly kind: 'open' }
  | { readonly kind: 'closed'; readonly reason: Reason }
  | { readonly kind: 'unknown'; readonly reason: Reason };

export const open: GateResult = { kind: 'open' };

export function closed(reason: Reason): GateResult {
  return { kind: 'closed', reason };
}

export function unknown(reason: Reason): GateResult {
  return { kind: 'unknown', reason };
}
