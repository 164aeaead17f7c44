// Whether the host may go on with what it does for a run, in memory that its threads share: a thread that
// reads a tree with plain calls has no loop on which it could be told.

export type Pass = SharedArrayBuffer;

export const states = { open: 0, frozen: 1, over: 2 } as const;

export function newPass(): Pass {
  return new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
}
