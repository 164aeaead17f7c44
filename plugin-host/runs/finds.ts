// How much a scan has found, and whether it still is a scan: more than the contract lets it find is a
// flood (T23).

import {
  SCAN_BYTES_MAX,
  UPDATE_BYTES_BESIDE,
  UPDATE_BYTES_MAX,
  UPDATES_PER_SCAN_MAX,
} from '../../conditions/scan-limits.js';
import { formatBytes } from '../../conditions/words.js';

export interface Finds {
  readonly count: number;
  readonly bytes: number;
}

export const noFinds: Finds = { count: 0, bytes: 0 };

export function withFind({ count, bytes }: Finds, more: number): Finds {
  return { count: count + 1, bytes: bytes + more + UPDATE_BYTES_BESIDE };
}

/** What is wrong with it after its last find, of `lastBytes`; undefined: nothing. */
export function floodProblem({ count, bytes }: Finds, lastBytes: number): string | undefined {
  if (lastBytes > UPDATE_BYTES_MAX) {
    return `it found an update of more than ${formatBytes(UPDATE_BYTES_MAX)}`;
  }
  if (count > UPDATES_PER_SCAN_MAX) {
    return `it found more than ${String(UPDATES_PER_SCAN_MAX)} updates`;
  }
  return bytes > SCAN_BYTES_MAX
    ? `it found updates of more than ${formatBytes(SCAN_BYTES_MAX)} in all`
    : undefined;
}
