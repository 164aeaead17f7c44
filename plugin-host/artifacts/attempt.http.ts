// One attempt at a download: redirects, the response, its body into the partial file.
//
// Invariants:
//   H1. Every hop is held against the grants before it is dialled (T13), and dialled at a checked
//       address.
//   H2. Room for what was ordered is there before the first byte of it (T10).
//   H3. Who answers a plain request, and who says where a name is, may be anybody: that leads nowhere, and
//       is a detour (detours.ts). What a server says that is vouched for is its own word.
//   H4. What is here is given up for an answer that may be what was ordered, and for no other: not for
//       one of another length, nor for a page in its place, which proves nothing of the content.
//   H5. A line that goes silent or breaks while the run is held has failed nobody: nothing was read
//       meanwhile, and the next attempt goes on by range, as after a connection that was parked.

import { formatBytes } from '../../conditions/words.js';
import type { Clock } from '../../runtime/clock.js';
import {
  errorCode,
  errorWords,
  fileFailure,
  HostError,
  isDiskFull,
} from '../channel/host-failure.js';
import type { HostedRun } from '../channel/hosted-run.js';
import { leadsInside } from '../egress/address.dns.js';
import { ProxyError } from '../egress/proxy-error.js';
import { checkUrl } from './allowed-url.js';
import { pageInItsPlace, readBody, type Cut, type Receiving } from './body.http.js';
import { openLine, type Line, type LineOptions } from './line.http.js';
import { nextHop } from './redirect.js';
import { askFrom } from './request.http.js';
import { lengthProblem, readResponse, validatorOf, type ResponseMeaning } from './response.js';

const REDIRECTS_MAX = 5;

export interface Upstream extends LineOptions {
  readonly clock: Clock;
}

export interface Attempt extends Receiving {
  readonly signal: AbortSignal;
  /** Speaks for so many more bytes on the disk; false when there is no room for them. */
  readonly makeRoom: (bytes: number) => Promise<boolean>;
}

export type AttemptOutcome =
  | {
      readonly kind: 'whole';
      readonly redirects: readonly string[];
      readonly address: string;
      /** Whether bytes of an earlier attempt are part of it. */
      readonly continued: boolean;
      readonly isPage: boolean;
    }
  | { readonly kind: 'parked' }
  | Cut;

/**
 * @param ranged whether to go on from what is here, where something is.
 * @throws HostError for what another attempt would not change.
 */
export async function tryOnce(
  upstream: Upstream,
  attempt: Attempt,
  ranged = true,
): Promise<AttemptOutcome> {
  const line = openLine(upstream, attempt.run.grants.operatorHosts, attempt.signal);
  try {
    return await follow(upstream, attempt, line, ranged);
  } catch (error) {
    if (attempt.signal.aborted) throw new HostError('RUN_OVER', 'the run is over');
    if (error instanceof HostError) throw error;
    if (isDiskFull(error)) throw fileFailure(error, 'NO_SPACE', 'keeping the download');
    if (errorCode(error) === 'ADDRESS_REFUSED') {
      if (leadsInside(error)) return detour(`is not where it may be: ${errorWords(error)}`);
      throw new HostError('GRANT_MISSING', errorWords(error), { cause: error });
    }
    if (error instanceof ProxyError && error.status === 407) {
      throw new HostError('UPSTREAM_DOWN', error.message, { cause: error });
    }
    if (attempt.run.isHeld()) return { kind: 'parked' }; // H5
    return { kind: 'cut', why: wordsFor(error), retryAfterMs: undefined };
  } finally {
    line.close();
  }
}

async function follow(
  upstream: Upstream,
  attempt: Attempt,
  line: Line,
  ranged: boolean,
): Promise<AttemptOutcome> {
  const { order, run, partial } = attempt;
  const redirects: string[] = [];
  let url = granted(order.url, run);
  const origin = await partial.origin();
  for (;;) {
    const haveBytes = ranged ? partial.sizeBytes : 0;
    const answer = await askFrom(line, url, haveBytes, origin);
    const meaning = readResponse(answer, haveBytes, upstream.clock.now().wallMs);
    if (meaning.kind === 'redirect') {
      if (redirects.length >= REDIRECTS_MAX) {
        throw new HostError('UPSTREAM_DOWN', `${order.url}: more than 5 redirects`);
      }
      const hop = nextHop(meaning.location, url, run.grants.fetchPrefixes); // H1
      const words = `redirects from ${url.origin}`;
      if (hop.kind === 'granted') {
        ({ url } = hop);
        redirects.push(url.href);
        continue;
      }
      if (hop.kind === 'malformed') {
        throw new HostError('UPSTREAM_DOWN', `${order.url}: the server ${words}, but ${hop.why}`);
      }
      if (!hop.isVouchedFor) return detour(`${words}, but ${hop.why}`);
      throw new HostError('GRANT_MISSING', `${order.url}: the server ${words}, but ${hop.why}`);
    }
    const cut = await prepare(meaning, attempt, origin?.isPage === true);
    if (cut !== undefined) return cut;
    const startsOver = meaning.kind === 'starts-over';
    const isPage = startsOver ? meaning.isPage : origin?.isPage === true;
    const came = { redirects, address: answer.address, continued: !startsOver, isPage };
    if (meaning.kind === 'complete') return { kind: 'whole', ...came };
    const validator = validatorOf(answer.headers);
    if (startsOver || validator !== undefined) {
      await partial.remember({ url: url.href, validator, isPage });
    }
    const totalBytes = 'totalBytes' in meaning ? meaning.totalBytes : undefined;
    const cutShort = await readBody(upstream.clock, attempt, answer.body, { totalBytes, isPage });
    return cutShort ?? { kind: 'whole', ...came };
  }
}

/** Makes the partial file fit the response; answers how the attempt ends where it ends here. */
async function prepare(
  meaning: Exclude<ResponseMeaning, { kind: 'redirect' }>,
  { order, partial, makeRoom }: Attempt,
  wasPage: boolean,
): Promise<AttemptOutcome | undefined> {
  switch (meaning.kind) {
    case 'failed':
      throw new HostError('UPSTREAM_DOWN', `${order.url}: the server ${meaning.why}`);
    case 'try-again':
      return { kind: 'cut', why: meaning.why, retryAfterMs: meaning.retryAfterMs };
    case 'useless': {
      const why = 'did not continue where it stopped';
      return { kind: 'cut', why, retryAfterMs: undefined, unranged: true };
    }
    case 'complete':
      return undefined;
    case 'starts-over':
    case 'continues': {
      const { totalBytes } = meaning;
      const problem = totalBytes === undefined ? undefined : lengthProblem(totalBytes, order);
      if (problem !== undefined) throw new HostError('UPSTREAM_DOWN', `${order.url}: ${problem}`);
      if (meaning.kind === 'starts-over' && partial.sizeBytes > 0) {
        const isItsLength = totalBytes !== undefined && totalBytes === order.sizeBytes;
        if (meaning.isPage && !wasPage && !isItsLength) return pageInItsPlace(); // H4
        await partial.restart();
      }
      // A server that does not say how much it is may send all that was ordered.
      const most = totalBytes ?? order.sizeBytes ?? order.sizeBytesMax;
      if (!(await makeRoom(most - partial.sizeBytes))) {
        throw new HostError(
          'NO_SPACE',
          `${order.url}: ${formatBytes(most)} do not fit on the disk`,
        );
      }
      return undefined;
    }
  }
}

function granted(text: string, run: HostedRun): URL {
  const checked = checkUrl(text, run.grants.fetchPrefixes);
  switch (checked.kind) {
    case 'ok':
      return checked.url;
    case 'malformed':
      throw new HostError('FIELD_INVALID', `the URL: ${checked.problem}`);
    case 'not-granted':
      throw new HostError('GRANT_MISSING', `the URL: ${checked.problem}`);
  }
}

/** H3. */
function detour(why: string): AttemptOutcome {
  return { kind: 'cut', why: why.replace(/\.$/, ''), retryAfterMs: undefined, detour: true };
}

function wordsFor(error: unknown): string {
  const words = errorWords(error);
  const code = errorCode(error);
  return code === undefined || words.includes(code) ? words : `${words} (${code})`;
}
