// An order as one of a certain run: what it may ask, and what was begun of it before.

import { HostError } from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { checkUrl } from './allowed-url.js';
import { partialName, type FetchOrder } from './order.js';

/** What was begun of it, for this updater: how far another one came is not its business. */
export function beginningOf(order: FetchOrder, { uid }: HostedRun): string {
  return `${partialName(order)}-${String(uid)}`;
}

/** @throws HostError where any URL that may be asked was not granted. */
export function requireGranted(order: FetchOrder, run: HostedRun): void {
  for (const [index, url] of [order.url, ...order.mirrors].entries()) {
    const asked = checkUrl(url, run.grants.fetchPrefixes);
    if (asked.kind === 'ok') continue;
    const code = asked.kind === 'malformed' ? 'FIELD_INVALID' : 'GRANT_MISSING';
    throw new HostError(code, `${index === 0 ? 'url' : 'mirrors'}: ${asked.problem}`);
  }
}
