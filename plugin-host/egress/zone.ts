// What an address is: this machine and its network segment, somebody's inner network, or the world.
//
// An IPv6 address that carries an IPv4 one, for a translator or a tunnel to unwrap, is what that one
// is (T14): mapped, translated and compatible addresses, NAT64, 6to4 and Teredo.

/**
 * `own`: loopback, link-local (cloud metadata lives there), unspecified, multicast, broadcast, and where
 * clouds answer to their machines elsewhere.
 * `private`: addresses that lead to another place in every network, and those of this machine.
 */
export type Zone = 'own' | 'private' | 'public';

type Range = readonly [bytes: readonly number[], bits: number, zone: Zone];

const v4: readonly Range[] = [
  [[0], 8, 'own'],
  [[127], 8, 'own'],
  [[169, 254], 16, 'own'],
  [[224], 4, 'own'],
  [[240], 4, 'own'],
  // Where a cloud tells a machine about itself: Azure, in the middle of the world; Alibaba; Oracle.
  [[168, 63, 129, 16], 32, 'own'],
  [[100, 100, 100, 200], 32, 'own'],
  [[192, 0, 0, 192], 32, 'own'],
  [[10], 8, 'private'],
  [[172, 16], 12, 'private'],
  [[192, 168], 16, 'private'],
  [[100, 64], 10, 'private'],
  [[192, 0, 0], 24, 'private'],
  [[198, 18], 15, 'private'],
];

const v6: readonly Range[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 120, 'own'],
  [[0xfe, 0x80], 10, 'own'],
  [[0xff], 8, 'own'],
  [[1, 0], 64, 'own'],
  // The same in what is otherwise private space: Amazon, Google.
  [[0xfd, 0, 0x0e, 0xc2], 32, 'own'],
  [[0xfd, 0x20, 0, 0xce], 32, 'own'],
  [[0xfc], 7, 'private'],
  [[0xfe, 0xc0], 10, 'private'],
  // NAT64 with a prefix of the network's own: which addresses it reaches is the network's secret.
  [[0, 0x64, 0xff, 0x9b, 0, 1], 48, 'private'],
];

/** Prefix, and where the IPv4 address lies behind it. */
const carriers: readonly (readonly [bytes: readonly number[], bits: number, at: number])[] = [
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], 96, 12],
  [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12],
  [[0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96, 12],
  // As a translator without state writes it.
  [[0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0], 96, 12],
  [[0x20, 0x02], 16, 2],
];
const teredo = [[0x20, 0x01, 0, 0], 32, 12] as const;

/** Undefined for what is no address. @param here addresses of this machine's interfaces. */
export function zoneOf(address: string, here: readonly string[] = []): Zone | undefined {
  const bytes = bytesOf(address);
  return bytes === undefined ? undefined : zoneOfBytes(bytes, here.map(bytesOf));
}

type Here = readonly (readonly number[] | undefined)[];

function zoneOfBytes(bytes: readonly number[], here: Here): Zone {
  const ranges = bytes.length === 4 ? v4 : v6;
  const found = ranges.find(([prefix, bits]) => startsWith(bytes, prefix, bits));
  if (found !== undefined) return found[2];
  if (here.some((each) => each?.join() === bytes.join())) return 'private';
  if (bytes.length === 4) return 'public';
  const carrier = carriers.find(([prefix, bits]) => startsWith(bytes, prefix, bits));
  if (carrier !== undefined) return zoneOfBytes(bytes.slice(carrier[2], carrier[2] + 4), here);
  const [prefix, bits, at] = teredo;
  if (!startsWith(bytes, prefix, bits)) return 'public';
  return zoneOfBytes(
    bytes.slice(at).map((byte) => byte ^ 0xff),
    here,
  );
}

export function startsWith(
  bytes: readonly number[],
  prefix: readonly number[],
  bits: number,
): boolean {
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    const [one, other] = [bytes[bit / 8] ?? 0, prefix[bit / 8] ?? 0];
    if ((one & mask) !== (other & mask)) return false;
  }
  return true;
}

/** An address as resolvers and URLs spell it, without brackets; undefined for anything else. */
export function bytesOf(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return bytesOfV4(text);
  const [address = ''] = text.split('%');
  const lastColon = address.lastIndexOf(':');
  const tail = address.slice(lastColon + 1);
  if (!tail.includes('.')) return bytesOfV6(address);
  const embedded = bytesOfV4(tail);
  if (embedded === undefined) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = embedded;
  const words = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  return bytesOfV6(address.slice(0, lastColon + 1) + words);
}

function bytesOfV4(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const bytes = match?.slice(1).map(Number);
  return bytes?.every((byte) => byte <= 255) === true ? bytes : undefined;
}

function bytesOfV6(text: string): readonly number[] | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail = []] = halves;
  const missing = 8 - head.length - tail.length;
  if (halves.length > 2 || (halves.length === 2 ? missing < 1 : missing !== 0)) return undefined;
  const words = [...head, ...Array.from({ length: missing }, () => '0'), ...tail];
  if (!words.every((word) => /^[0-9a-f]{1,4}$/i.test(word))) return undefined;
  return words.flatMap((word) => [
    Number.parseInt(word, 16) >> 8,
    Number.parseInt(word, 16) & 0xff,
  ]);
}
