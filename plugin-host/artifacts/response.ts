// What an HTTP response means for a download of which some bytes may be here already.

import { formatBytes } from '../../conditions/words.js';

export interface ResponseHead {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
}

export type ResponseMeaning =
  | { readonly kind: 'redirect'; readonly location: string }
  /** The body continues what is here; `totalBytes` where the server says it. */
  | { readonly kind: 'continues'; readonly totalBytes: number | undefined }
  /** The body is the whole; what is here is worthless, if the body is what was ordered. */
  | {
      readonly kind: 'starts-over';
      readonly totalBytes: number | undefined;
      /** A page for people: what a captive portal, or a mirror that has it no more, puts in its place. */
      readonly isPage: boolean;
    }
  /** What is here is all there is. */
  | { readonly kind: 'complete' }
  /** This server does not continue what is here; it may send the whole. */
  | { readonly kind: 'useless' }
  | {
      readonly kind: 'try-again';
      readonly why: string;
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'failed'; readonly why: string };

export function readResponse(
  head: ResponseHead,
  haveBytes: number,
  wallMs: number,
): ResponseMeaning {
  const { status, headers } = head;
  switch (status) {
    case 200:
      return startsOver(headers, wholeNumber(headers.get('content-length')));
    case 206:
      return readPartial(headers, haveBytes);
    case 416:
      return headers.get('content-range') === `bytes */${String(haveBytes)}`
        ? { kind: 'complete' }
        : { kind: 'useless' };
    case 301:
    case 302:
    case 303:
    case 307:
    case 308: {
      const location = headers.get('location');
      return location === undefined
        ? { kind: 'failed', why: `answered ${String(status)} without a location` }
        : { kind: 'redirect', location };
    }
    case 408:
    case 425:
    case 429:
      return tryAgain(head, wallMs);
    default:
      return status >= 500
        ? tryAgain(head, wallMs)
        : { kind: 'failed', why: `answered ${String(status)}` };
  }
}

/** Why a length that a server announces is refused before its body is read (T10), or undefined. */
export function lengthProblem(
  totalBytes: number,
  wanted: { readonly sizeBytes: number | undefined; readonly sizeBytesMax: number },
): string | undefined {
  if (totalBytes > wanted.sizeBytesMax) {
    return `it has more than the ${formatBytes(wanted.sizeBytesMax)} that are allowed`;
  }
  if (wanted.sizeBytes !== undefined && totalBytes !== wanted.sizeBytes) {
    return `it has ${String(totalBytes)} bytes, not the ${String(wanted.sizeBytes)} that were said`;
  }
  return undefined;
}

/** What goes in If-Range: a strong ETag, else the date. A weak one promises nothing about bytes. */
export function validatorOf(headers: ReadonlyMap<string, string>): string | undefined {
  const etag = headers.get('etag');
  if (etag !== undefined && /^"[\x21\x23-\x7e]*"$/.test(etag)) return etag;
  const date = headers.get('last-modified');
  return date !== undefined && /^[A-Za-z0-9,: +-]{1,64}$/.test(date) ? date : undefined;
}

function readPartial(headers: ResponseHead['headers'], haveBytes: number): ResponseMeaning {
  const range = headers.get('content-range') ?? '';
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(range);
  if (match === null || Number(match[1]) !== haveBytes) return { kind: 'useless' };
  const totalBytes = wholeNumber(match[3]);
  return haveBytes === 0 ? startsOver(headers, totalBytes) : { kind: 'continues', totalBytes };
}

function startsOver(
  headers: ResponseHead['headers'],
  totalBytes: number | undefined,
): ResponseMeaning {
  const type = headers.get('content-type') ?? '';
  return {
    kind: 'starts-over',
    totalBytes,
    isPage: /^\s*(text\/html|application\/xhtml)/i.test(type),
  };
}

function tryAgain({ status, headers }: ResponseHead, wallMs: number): ResponseMeaning {
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), wallMs);
  return { kind: 'try-again', why: `answered ${String(status)}`, retryAfterMs };
}

/** A server that wants to be left alone for longer is asked again all the same (Chromium's updater). */
const RETRY_AFTER_MS_MAX = 86_400_000;

/** Seconds or an HTTP date, as milliseconds from now. */
function readRetryAfter(text: string | undefined, wallMs: number): number | undefined {
  if (text === undefined) return undefined;
  const seconds = wholeNumber(text.trim());
  const ms = seconds === undefined ? Date.parse(text) - wallMs : seconds * 1_000;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), RETRY_AFTER_MS_MAX);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
