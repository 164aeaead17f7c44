// What the frames of a probe amount to.

import { quantile, rounded } from '../report.js';

const FRAME_US = 16_667;

export interface Frames {
  readonly count: number;
  /** Frames that were not done within their slot, percent. */
  readonly missedPercent: number;
  readonly p99Ms: number;
}

/** @param us from the beginning of each frame's slot to its end. */
export function framesOf(us: readonly number[]): Frames {
  const missed = us.filter((each) => each > FRAME_US).length;
  return {
    count: us.length,
    missedPercent: rounded((100 * missed) / us.length, 2),
    p99Ms: rounded(quantile(us, 0.99) / 1e3, 2),
  };
}
