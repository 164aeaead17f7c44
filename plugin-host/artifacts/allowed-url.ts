// Whether a URL lies under a prefix that was granted.
//
// Invariants:
//   U1. Bytes first (T14): a URL with anything but printable ASCII, with a backslash or with user
//       information is refused before a parser can read it in its own way.
//   U2. Compared is what will be requested: the normalised URL, from its first byte on, never the
//       end of a host name.
//   U3. Every redirect passes through here again (T13).

/** As the contract states it. */
const URL_BYTES_MAX = 2_048;

export type UrlCheck =
  | { readonly kind: 'ok'; readonly url: URL }
  | { readonly kind: 'malformed'; readonly problem: string }
  | { readonly kind: 'not-granted'; readonly problem: string };

// A segment of dots that the parser has left, because a separator or a dot of it is encoded, once or more,
// or a parameter follows it: a server that decodes late, or drops parameters, would climb out of the prefix.
const hiddenClimb =
  /(?:\/|%(?:25)*(?:2f|5c))(?:\.|%(?:25)*2e){1,2}(?:;[^/]*)?(?:\/|%(?:25)*(?:2f|5c)|$)/i;

/** @param prefixes normalised URLs that end in a slash. */
export function checkUrl(text: string, prefixes: readonly string[]): UrlCheck {
  if (text.length > URL_BYTES_MAX) return malformed('it is longer than 2,048 bytes');
  // U1.
  if (!/^[\x21-\x7e]+$/.test(text)) return malformed('it holds more than printable ASCII');
  if (text.includes('\\')) return malformed('it holds a backslash');
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined) return malformed('it is not an http(s) URL');
  if (authority.includes('@')) return malformed('it holds user information');
  if (!URL.canParse(text)) return malformed('it cannot be parsed');
  const url = new URL(text);
  url.hash = '';
  if (hiddenClimb.test(url.pathname) || /%00|%5c/i.test(url.pathname)) {
    return malformed('its path hides a separator');
  }
  // U2.
  if (!prefixes.some((prefix) => url.href.startsWith(normalised(prefix)))) {
    return { kind: 'not-granted', problem: `${url.origin} with this path is under no granted URL` };
  }
  return { kind: 'ok', url };
}

function normalised(prefix: string): string {
  const { href } = new URL(prefix);
  return href.endsWith('/') ? href : `${href}/`;
}

function malformed(problem: string): UrlCheck {
  return { kind: 'malformed', problem };
}
