/** Bytes received, by the name of the interface. */
export type Received = ReadonlyMap<string, number>;

/** The virtual network of the machine with itself. */
const LOOPBACK = 'lo';

/** Parses /proc/net/dev. @returns undefined for anything but whole lines. */
export function parseReceived(text: string): Received | undefined {
  if (!text.endsWith('\n')) return undefined;
  const received = new Map<string, number>();
  // Two lines of headings, then a line for each: name, and sixteen counters.
  for (const line of text.slice(0, -1).split('\n').slice(2)) {
    const [, name, counter] = /^ *([^ :]+(?::[^ :]+)*): *(\d+)(?: +\d+){15} *$/.exec(line) ?? [];
    if (name === undefined) return undefined;
    if (name !== LOOPBACK) received.set(name, Number(counter));
  }
  return received;
}

/**
 * Bytes received from outside, each once: what comes in by a device goes on over bridges, tunnels and
 * containers, which count it again. Where none of the interfaces is a device, as in a container, all are
 * counted.
 * @returns undefined where there is no interface.
 */
export function receivedOnce(
  received: Received,
  isDevice: (name: string) => boolean,
): number | undefined {
  const names = [...received.keys()];
  const devices = names.filter(isDevice);
  if (names.length === 0) return undefined;
  const counted = devices.length > 0 ? devices : names;
  return counted.reduce((sum, name) => sum + (received.get(name) ?? 0), 0);
}
