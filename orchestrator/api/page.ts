// Pages of an answer, bounded in bytes as well as in number: one carrier takes 4 MiB in a message, another 1.

/** What an answer has in its pages, on every carrier: half of what the smallest message takes. */
export const PAGE_BYTES_MAX = 512 * 1024;

/** The first of `all` that fit into a page together. One that fills a page by itself is a page. */
export async function pageOf<T>(
  all: Iterable<T> | AsyncIterable<T>,
  countMax: number,
  bytesOf: (each: T) => number,
): Promise<{ readonly items: T[]; readonly isLast: boolean }> {
  const items: T[] = [];
  let bytes = 0;
  for await (const each of all) {
    bytes += bytesOf(each);
    if (bytes > PAGE_BYTES_MAX && items.length > 0) return { items, isLast: false };
    items.push(each);
    if (items.length >= countMax) return { items, isLast: false };
  }
  return { items, isLast: true };
}

/**
 * A page of a list that is at hand, for the wire.
 * @param token how many came before, as the page before said.
 */
export async function pageFrom<T, Wire>(
  all: readonly T[],
  { size, token }: { readonly size: number; readonly token: string },
  toWire: (each: T) => Wire,
  bytesOf: (each: Wire) => number,
): Promise<{ readonly items: Wire[]; readonly nextPageToken: string }> {
  const from = Math.max(0, Number.parseInt(token, 10) || 0);
  const { items } = await pageOf(all.slice(from, from + size).map(toWire), size, bytesOf);
  const next = from + items.length;
  return { items, nextPageToken: next < all.length ? String(next) : '' };
}
