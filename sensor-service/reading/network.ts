/** Bytes since the start, each way. */
export interface Traffic {
  readonly received: number;
  readonly sent: number;
}

/** By the name of the interface. */
export type TrafficByName = ReadonlyMap<string, Traffic>;

/** The virtual network of the machine with itself. */
const LOOPBACK = 'lo';

/** Parses /proc/net/dev. @returns undefined for anything but whole lines. */
export function parseTraffic(text: string): TrafficByName | undefined {
  if (!text.endsWith('\n')) return undefined;
  const traffic = new Map<string, Traffic>();
  // Two lines of headings, then a line for each: name, and sixteen counters.
  for (const line of text.slice(0, -1).split('\n').slice(2)) {
    const [, name, received, sent] =
      /^ *([^ :]+(?::[^ :]+)*): *(\d+)(?: +\d+){7} +(\d+)(?: +\d+){7} *$/.exec(line) ?? [];
    if (name === undefined) return undefined;
    if (name !== LOOPBACK) traffic.set(name, { received: Number(received), sent: Number(sent) });
  }
  return traffic;
}

/**
 * Bytes from and to the outside, each once: what comes in by a device goes on over bridges, tunnels and
 * containers, which count it again. Where none of the interfaces is a device, they are a container's own:
 * all are counted where that is a machine by itself, and none where the machine is around it.
 * @returns undefined where there is nothing to be counted.
 */
export function trafficOnce(
  traffic: TrafficByName,
  isDevice: (name: string) => boolean,
  isMachineOfItsOwn: () => boolean,
): Traffic | undefined {
  const names = [...traffic.keys()];
  const devices = names.filter(isDevice);
  if (names.length === 0 || (devices.length === 0 && !isMachineOfItsOwn())) return undefined;
  const counted = devices.length > 0 ? devices : names;
  const sum = { received: 0, sent: 0 };
  for (const name of counted) {
    const { received, sent } = traffic.get(name) ?? { received: 0, sent: 0 };
    sum.received += received;
    sum.sent += sent;
  }
  return sum;
}

/** Drivers of phones that share by cable. */
const phoneDrivers: ReadonlySet<string> = new Set(['rndis_host', 'ipheth']);
/** Newer phones share by these, and docks have them too. */
const driversOfBoth: ReadonlySet<string> = new Set(['cdc_ether', 'cdc_ncm', 'cdc_eem']);

/** Whether the driver is one of phones; undefined: it does not tell. */
export function isPhone(driver: string): boolean | undefined {
  if (phoneDrivers.has(driver)) return true;
  return driversOfBoth.has(driver) ? undefined : false;
}

export const PHONE_OR_DOCK =
  'phones and docks have the driver of that device, and nothing tells which it is';

/** Bluetooth's own network is made by phones alone. */
export function isBluetooth(name: string): boolean {
  return /^bnep\d/.test(name);
}

/**
 * The interface by which everything goes that is not nearby.
 * @param routes4 /proc/net/route. @param routes6 /proc/net/ipv6_route, for where there is no such one.
 */
export function defaultRoute(routes4: string, routes6: string): string | undefined {
  let best: { readonly name: string; readonly metric: number } | undefined;
  for (const line of routes4.split('\n').slice(1)) {
    const [name = '', destination, , , , , metric, mask] = line.trim().split(/\s+/);
    if (destination !== '00000000' || mask !== '00000000') continue;
    if (best === undefined || Number(metric) < best.metric) best = { name, metric: Number(metric) };
  }
  return best?.name ?? /^0{32} 00 .* (?!lo$)([^ \n]+)$/m.exec(routes6)?.[1];
}
