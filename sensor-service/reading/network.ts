/** The virtual network of the machine with itself. */
const LOOPBACK = 'lo';

/**
 * Parses /proc/net/dev to the bytes received by all interfaces together.
 * @returns undefined for anything but whole lines, and where no interface but the loopback is seen.
 */
export function parseReceived(text: string): number | undefined {
  if (!text.endsWith('\n')) return undefined;
  let bytes: number | undefined;
  // Two lines of headings, then a line for each: name, and sixteen counters.
  for (const line of text.slice(0, -1).split('\n').slice(2)) {
    const [, name, counter] = /^ *([^ :]+(?::[^ :]+)*): *(\d+)(?: +\d+){15} *$/.exec(line) ?? [];
    if (name === undefined) return undefined;
    if (name !== LOOPBACK) bytes = (bytes ?? 0) + Number(counter);
  }
  return bytes;
}
