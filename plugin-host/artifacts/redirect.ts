// Where a redirect leads: under a granted URL, or nowhere that anybody goes (T13).

import { checkUrl } from './allowed-url.js';

export type Hop =
  | { readonly kind: 'granted'; readonly url: URL }
  | {
      readonly kind: 'not-granted';
      readonly why: string;
      /** Said over a line on which only the server can have said it. */
      readonly isVouchedFor: boolean;
    }
  | { readonly kind: 'malformed'; readonly why: string };

/** @param prefixes see checkUrl. */
export function nextHop(location: string, from: URL, prefixes: readonly string[]): Hop {
  const next = URL.canParse(location, from.href) ? new URL(location, from).href : location;
  const checked = checkUrl(next, prefixes);
  switch (checked.kind) {
    case 'ok':
      return { kind: 'granted', url: checked.url };
    case 'malformed':
      return { kind: 'malformed', why: checked.problem };
    case 'not-granted':
      return {
        kind: 'not-granted',
        why: checked.problem,
        isVouchedFor: from.protocol === 'https:',
      };
  }
}
