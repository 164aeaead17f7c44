// Which addresses a granted host may turn out to have (T13).
//
// Every host that is dialled was granted and matched exactly. Who granted it decides: a vendor signs
// one manifest for every machine and cannot mean anything inside somebody's network; an operator who
// names a host of their own does.
//
// Invariants:
//   A1. What an operator named literally, an address or `localhost`, means itself.
//   A2. A name is never dialled at a loopback, link-local (cloud metadata lives there), unspecified,
//       multicast or broadcast address, whoever named it; other addresses that it has are used.
//   A3. A private address is dialled for a name that the operator named, and for no other: a
//       company's registry has a name and a private address.
//   A4. What a vendor named literally is dialled where it is an address of the world.
//   A5. What was checked is what is dialled: the name is resolved once, here.
//   A6. An address of this machine's interfaces is an inner one, whatever it looks like: what listens
//       there may trust whoever comes from here. They are asked for at each check, because they change.

import { lookup, type LookupAddress, type LookupAllOptions } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { networkInterfaces } from 'node:os';
import { bytesOf, zoneOf } from './zone.js';

/** A granted host has no address that it may be dialled at. */
export class AddressRefusedError extends Error {
  readonly code = 'ADDRESS_REFUSED';
  /** A name that leads into an inner network: whoever resolves it, and nobody vouches for them, says so. */
  readonly leadsInside: boolean;

  constructor(host: string, addresses: readonly string[], here: readonly string[]) {
    const isPrivate = addresses.some((address) => zoneOf(address, here) === 'private');
    const isHere = addresses.some((address) => here.includes(address));
    const where =
      isPrivate && !isHere ? 'an inner network' : 'this machine or its own network segment';
    const what = isLiteral(host) ? 'is' : `resolves to ${addresses.join(', ')}, which is`;
    // A name never leads to this machine, whoever gave it (A2).
    const itself = isPrivate || isLiteral(host) ? 'it' : 'the address itself';
    super(
      `${host} ${what} ${where}. If that is meant, an operator names ${itself} in a setting, or in ` +
        `network.private_hosts of the policy.`,
    );
    this.name = 'AddressRefusedError';
    this.leadsInside = isPrivate && !isHere && !isLiteral(host);
  }
}

export function leadsInside(error: unknown): boolean {
  return error instanceof AddressRefusedError && error.leadsInside;
}

/**
 * Whether `host`, which was granted, may be dialled at `address`, which it resolved to.
 * @param byOperator whether the operator named it, and not only the vendor.
 * @param here addresses of this machine's interfaces (A6).
 */
export function mayDial(
  host: string,
  address: string,
  byOperator: boolean,
  here: readonly string[],
): boolean {
  if (byOperator && isLiteral(host)) return true; // A1
  switch (zoneOf(address, here)) {
    case undefined:
    case 'own':
      return false; // A2
    case 'private':
      return byOperator; // A3
    case 'public':
      return true;
  }
}

/**
 * What can be said before anybody resolves anything (A4): also where a proxy does that in our place.
 * @throws AddressRefusedError
 */
export function refuseLiteral(host: string, byOperator: boolean, here = addressesHere()): void {
  if (!isLiteral(host)) return;
  const address = isLocalhost(host) ? '127.0.0.1' : unbracketed(host);
  if (mayDial(host, address, byOperator, here)) return;
  throw new AddressRefusedError(host, [address], here);
}

function addressesHere(): readonly string[] {
  const all = Object.values(networkInterfaces());
  return all.flatMap((each = []) => each.map(({ address }) => address));
}

/** Whether a host, as it stands in a URL, says by itself where it leads. */
function isLiteral(host: string): boolean {
  return isLocalhost(host) || bytesOf(unbracketed(host)) !== undefined;
}

function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
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

/** What a socket resolves its host with: `resolve`, less what may not be dialled (A5). */
export function lookupBy(
  resolve: Resolve,
  byOperator: boolean,
  here: readonly string[],
): LookupFunction {
  return (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const allowed = found.filter(({ address }) => mayDial(host, address, byOperator, here));
      const [first] = allowed;
      if (first === undefined) {
        const addresses = found.map(({ address }) => address);
        callback(new AddressRefusedError(host, addresses, here), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** For one connection: what this machine's addresses are is asked now. */
export function checkedLookup(byOperator: boolean): LookupFunction {
  return lookupBy(lookup, byOperator, addressesHere());
}
