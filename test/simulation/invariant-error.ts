/** Something is that must never be. */
export class InvariantError extends Error {}
