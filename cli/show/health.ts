import type { PartHealth } from '../commands/health.js';

/** One line for each part. */
export function showHealth(parts: readonly PartHealth[]): string {
  return parts
    .map(({ part, pid, why }) => {
      const process = pid === undefined ? '' : ` (process ${String(pid)})`;
      return `${part}${process}: ${why === '' ? 'well' : why}`;
    })
    .join('\n');
}
