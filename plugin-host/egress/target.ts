// Where a client of the egress proxy wants to go, and whether it may.
//
// Bytes first (T14): host names of letters, digits, hyphens and single dots, or an IPv6 address in
// brackets. Decimal, octal and mapped spellings of an address are only text here and match nothing
// but a grant that is spelt the same.

export interface Target {
  /** Lower case; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

const authorityPattern =
  /^((?:[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*)|\[[0-9a-f:.]{2,45}\]):(\d{1,5})$/i;

/** Reads "host:port", or answers undefined. */
export function readAuthority(text: string): Target | undefined {
  const match = text.length > 300 ? null : authorityPattern.exec(text);
  const [, host, digits] = match ?? [];
  const port = Number(digits);
  if (host === undefined || !(port >= 1 && port <= 65_535)) return undefined;
  return { host: host.toLowerCase(), port };
}

/** Reads the absolute form "http://host[:port]/path", or answers undefined. */
export function readAbsoluteForm(
  text: string,
): (Target & { /** Path and query. */ readonly path: string }) | undefined {
  const match = /^http:\/\/([^/?#@\\]+)([/?][\x21-\x7e]*)?$/i.exec(text);
  const authority = match?.[1];
  if (authority === undefined) return undefined;
  const target = readAuthority(/:\d{1,5}$/.test(authority) ? authority : `${authority}:80`);
  if (target === undefined) return undefined;
  const path = match?.[2] ?? '/';
  return { ...target, path: path.startsWith('/') ? path : `/${path}` };
}

/** @param grants exactly "host:port", lower case. */
export function isGranted(target: Target, grants: readonly string[]): boolean {
  return grants.includes(authorityOf(target));
}

export function authorityOf({ host, port }: Target): string {
  return `${host}:${String(port)}`;
}
