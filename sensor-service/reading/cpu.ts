/** Time of all cores since boot, in ticks of the kernel's clock. */
interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

const allCores =
  /^cpu +(\d+) (\d+) (\d+) (\d+)(?: (\d+))?(?: (\d+))?(?: (\d+))?(?: (\d+))?(?: \d+)*\n/;

/**
 * Parses the first line of /proc/stat. Undefined for anything but a whole `cpu` line.
 * Time stolen by a hypervisor counts as busy: a core that is taken away is not there for an update.
 * The guest columns are left out, the kernel has them in user and nice already.
 */
export function parseCpuTimes(text: string): CpuTimes | undefined {
  const columns = allCores.exec(text);
  if (columns === null) return undefined;
  let total = 0;
  for (let column = 1; column < columns.length; column += 1) total += Number(columns[column] ?? 0);
  const idle = Number(columns[4]) + Number(columns[5] ?? 0);
  return total === 0 ? undefined : { busy: total - idle, total };
}

/** The number of cores in /proc/stat, undefined where it names none. */
export function parseCores(text: string): number | undefined {
  return text.match(/^cpu\d+ /gm)?.length;
}
