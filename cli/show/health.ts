import type { PartHealth } from '../commands/health.js';

/** One line for each part. */
export function showHealth(parts: readonly PartHealth[]): string {
  return parts
    .map(({ part, pid, why, notice }) => {
      const process = pid === undefined ? '' : ` (process ${String(pid)})`;
      const well = notice === '' ? 'well' : `well, but see to this: ${notice}`;
      return `${part}${process}: ${why === '' ? well : why}`;
    })
    .join('\n');
}
