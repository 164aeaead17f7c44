// A line that was cut anywhere does not match: a shortened total would look like another number.
const some = /^some avg10=\S+ avg60=\S+ avg300=\S+ total=(\d+)\n/m;

/**
 * Parses a file of /proc/pressure.
 * @returns the microseconds since boot in which some task waited, or undefined for anything else.
 */
export function parsePressureTotal(text: string): number | undefined {
  const total = some.exec(text)?.[1];
  return total === undefined ? undefined : Number(total);
}
