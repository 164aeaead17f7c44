/** Time of all cores since boot, in ticks of the kernel's clock. */
interface CpuTimes {
  readonly busy: number;
  readonly total: number;
  readonly cores: number;
}

/**
 * Parses /proc/stat. Undefined for anything but a whole `cpu` line.
 * Time stolen by a hypervisor counts as busy: a core that is taken away is not there for an update.
 * The guest columns are left out, the kernel has them in user and nice already.
 */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const line = /^cpu((?: +\d+){4,})\n/.exec(text)?.[1];
  if (line === undefined) return undefined;
  const columns = line.trim().split(/ +/).map(Number).slice(0, 8);
  const total = columns.reduce((sum, ticks) => sum + ticks, 0);
  const idle = (columns[3] ?? 0) + (columns[4] ?? 0);
  const cores = text.match(/^cpu\d+ /gm)?.length ?? 0;
  if (total === 0 || cores === 0) return undefined;
  return { busy: total - idle, total, cores };
}
