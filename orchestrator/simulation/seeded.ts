// Chance that can be repeated: the same seed gives the same sequence on every machine.

export interface Chance {
  /** From 0, below 1. */
  share(): number;
  /** A whole number from 0, below `count`. */
  below(count: number): number;
  /** Exponentially distributed with this mean. */
  waiting(mean: number): number;
}

/** The 32-bit mixer of MurmurHash3 over a counter with an odd step: no state but one number. */
export function chanceFrom(seed: number): Chance {
  let state = seed | 0;
  const share = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x85ebca6b);
    mixed ^= mixed >>> 13;
    mixed = Math.imul(mixed, 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) / 4_294_967_296;
  };
  return {
    share,
    below: (count) => Math.floor(share() * count),
    waiting: (mean) => -mean * Math.log(1 - share()),
  };
}
