// Which addresses a granted host may turn out to have (T13).
//
// Every host that is dialled was granted, by name or as a literal address, and matched exactly. What
// is left to stop is a granted *name* whose owner points it at this machine.
//
// Invariants:
//   A1. A literal address, and `localhost`, mean themselves: whoever granted them wanted them.
//   A2. A name is never dialled at a loopback, link-local (cloud metadata lives there), unspecified,
//       multicast or broadcast address; other addresses that it has are used.
//   A3. A name may have a private address: a company's registry has a name and a private address,
//       and the grant of exactly this name is what says that it is meant.
//   A4. What was checked is what is dialled: the name is resolved once, here.

import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

const own = new BlockList();
own.addSubnet('0.0.0.0', 8, 'ipv4');
own.addSubnet('127.0.0.0', 8, 'ipv4');
own.addSubnet('169.254.0.0', 16, 'ipv4');
own.addSubnet('224.0.0.0', 4, 'ipv4');
own.addAddress('255.255.255.255', 'ipv4');
own.addAddress('::', 'ipv6');
own.addAddress('::1', 'ipv6');
own.addSubnet('fe80::', 10, 'ipv6');
own.addSubnet('ff00::', 8, 'ipv6');
// The metadata address of a large cloud, in what is otherwise private space.
own.addAddress('fd00:ec2::254', 'ipv6');

/** A granted name has no address that it may be dialled at. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';

  constructor(host: string, addresses: readonly string[]) {
    super(
      `${host} resolves to ${addresses.join(', ')}, which is this machine or its own network segment. ` +
        `Grant the address itself if that is meant.`,
    );
    this.name = 'AddressRefusedError';
  }
}

/** Whether `host`, which was granted, may be dialled at `address`, which it resolved to. */
export function mayDial(host: string, address: string): boolean {
  if (isLiteral(host) || host === 'localhost' || host.endsWith('.localhost')) return true; // A1
  const family = isIP(address);
  if (family === 0) return false;
  // A BlockList finds IPv4-mapped IPv6 addresses under their IPv4 rules as well (T14).
  return !own.check(address, family === 4 ? 'ipv4' : 'ipv6'); // A2, A3
}

/** Whether a host, as it stands in a URL, is an address and not a name. */
function isLiteral(host: string): boolean {
  return isIP(unbracketed(host)) !== 0;
}

/** "[::1]" as sockets want it: "::1". */
export function unbracketed(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

/** The system's resolver, as far as it is asked. */
type Resolve = (
  host: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

/** What a socket resolves its host with: `resolve`, less what may not be dialled (A4). */
export function lookupBy(resolve: Resolve): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = found.filter(({ address }) => mayDial(host, address));
      const [first] = allowed;
      if (first === undefined) {
        const addresses = found.map(({ address }) => address);
        callback(new AddressRefusedError(host, addresses), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

export const checkedLookup: LookupFunction = lookupBy(lookup);
