import { afterSpaces, endOfDigits, NEWLINE, numberIn, SPACE } from './digits.js';

/** Time of all cores since boot, in ticks of the kernel's clock. */
interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** "cpu ". */
const ALL_CORES = [0x63, 0x70, 0x75, SPACE];
/** user, nice, system, idle; then iowait, irq, softirq, steal, and the guests. */
const COLUMNS = { min: 4, counted: 8, idle: 3, iowait: 4 };

/**
 * Parses the first line of /proc/stat. Undefined for anything but a whole `cpu` line.
 * Time stolen by a hypervisor counts as busy: a core that is taken away is not there for an update.
 * The guest columns are left out, the kernel has them in user and nice already.
 */
export function parseCpuTimes(bytes: Uint8Array, length = bytes.length): CpuTimes | undefined {
  if (!ALL_CORES.every((byte, at) => bytes[at] === byte)) return undefined;
  let total = 0;
  let idle = 0;
  let at = afterSpaces(bytes, ALL_CORES.length, length);
  for (let column = 0; ; column += 1) {
    const end = endOfDigits(bytes, at, length);
    if (end === at || end >= length) return undefined;
    const number = numberIn(bytes, at, end);
    if (column < COLUMNS.counted) total += number;
    if (column === COLUMNS.idle || column === COLUMNS.iowait) idle += number;
    if (bytes[end] === NEWLINE) {
      return column + 1 < COLUMNS.min || total === 0 ? undefined : { busy: total - idle, total };
    }
    if (bytes[end] !== SPACE) return undefined;
    at = end + 1;
  }
}

/** The number of cores in /proc/stat, undefined where it names none. */
export function parseCores(text: string): number | undefined {
  return text.match(/^cpu\d+ /gm)?.length;
}
