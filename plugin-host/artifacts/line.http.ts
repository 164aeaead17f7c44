// The connections of one attempt at a download: one for each hop. Nothing outlives it: a parked run
// holds no socket.
//
// Invariant L1. Every wait has an end: for a connection (dial.http.ts), for the answer, and for each
// piece of its body while somebody reads it.

import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { DeadlineError, within } from '../../runtime/deadline.js';
import { absoluteForm, dial, secured } from '../egress/dial.http.js';
import type { Destination, ProxyRule } from '../egress/upstream-proxy.js';
import { Feed } from './feed.stream.js';
import { Inflow } from './inflow.stream.js';

export interface LineOptions {
  readonly proxyRule: ProxyRule;
  /** Whom servers, and proxies, have to be vouched for by. */
  readonly secureContext: SecureContext;
  /** How long a server may be silent. */
  readonly stallMsMax: number;
}

export interface Answer {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** Each piece is of use until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Of the server, or of the proxy before it. */
  readonly address: string;
  /** Whether it comes from a proxy that was given the request itself. */
  readonly isByProxy: boolean;
}

export interface Line {
  /** Lets go of the answer before. @throws what `dial` does, DeadlineError, or what the network said. */
  ask(url: URL, headers: Readonly<Record<string, string>>): Promise<Answer>;
  close(): void;
}

/** @param operatorHosts see dial.http.ts. */
export function openLine(
  options: LineOptions,
  operatorHosts: readonly string[],
  signal: AbortSignal,
): Line {
  let asked: ClientRequest | undefined;
  let connection: Socket | undefined;
  const close = (): void => {
    asked?.destroy();
    // Once http was left, not every version of it takes its connection along.
    connection?.destroy();
  };
  return {
    ask: async (url, headers) => {
      close();
      const { stallMsMax, proxyRule } = options;
      const to = destinationOf(url);
      const through = absoluteForm(proxyRule, to);
      const inflow = new Inflow();
      const dialled = { ...options, operatorHosts, signal };
      const plain = await dial(to, to.secure ? dialled : { ...dialled, onread: inflow.onread });
      const address = plain.remoteAddress ?? '';
      const socket = to.secure ? await secured(plain, to, dialled) : plain;
      connection = socket;
      inflow.follow(socket);
      const feed = new Feed(socket, inflow);
      asked = request({
        createConnection: () => feed,
        path: through === undefined ? `${url.pathname}${url.search}` : url.href,
        headers: { host: url.host, ...through?.headers, ...headers },
        signal,
      });
      const answer = await within(answered(asked, feed), stallMsMax, `the answer of ${url.host}`); // L1
      const { response } = answer;
      return {
        status: response.statusCode ?? 0,
        headers: plainHeaders(response),
        body: pieces(answer, stallMsMax, `the next piece from ${url.host}`),
        address,
        isByProxy: through !== undefined,
      };
    },
    close,
  };
}

interface Answered {
  readonly response: IncomingMessage;
  /** Where the body has a length: how to ask for what comes after what `response` has of it. */
  readonly rest: (() => Promise<Uint8Array | undefined>) | undefined;
}

function answered(asked: ClientRequest, feed: Feed): Promise<Answered> {
  return new Promise((resolve, reject) => {
    asked.once('response', (response) => {
      // One that is left unread ends with an error, and that is not news.
      response.on('error', () => undefined);
      // In this turn: later, more of it would be the parser's.
      resolve({ response, rest: lengthOf(response) === undefined ? undefined : feed.leave() });
    });
    // Also long after the answer: whoever reads hears of it there.
    asked.on('error', reject);
    asked.once('close', () => {
      reject(new Error('the connection ended without an answer'));
    });
    asked.end();
  });
}

/** While nobody asks for the next one nothing is read, and nobody is late. */
async function* pieces(
  { response, rest }: Answered,
  stallMsMax: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  const read = rest === undefined ? parsed(response) : unparsed(response, rest);
  let isAwaited = false;
  // One for all: there are thousands of pieces a second.
  const late = setTimeout(() => {
    if (isAwaited) response.destroy(new DeadlineError(what, stallMsMax)); // L1
  }, stallMsMax);
  try {
    for (;;) {
      isAwaited = true;
      late.refresh();
      const piece = await read();
      isAwaited = false;
      if (piece === undefined) return;
      yield piece;
    }
  } finally {
    clearTimeout(late);
  }
}

type Read = () => Promise<Uint8Array | undefined>;

function parsed(response: IncomingMessage): Read {
  const read = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return async () => (await read.next()).value;
}

/** The start of it came with the head, and was the parser's. */
function unparsed(response: IncomingMessage, rest: Read): Read {
  let leftBytes = lengthOf(response) ?? 0;
  return async () => {
    if (leftBytes === 0) return undefined;
    const bytes = (response.read() as Buffer | null) ?? (await rest());
    if (bytes === undefined) {
      const words = `the connection ended ${String(leftBytes)} bytes early`;
      throw Object.assign(new Error(words), { code: 'ECONNRESET' });
    }
    const piece = bytes.subarray(0, leftBytes);
    leftBytes -= piece.byteLength;
    return piece;
  };
}

/** Of a body that comes as it is, without marks of its pieces in between. */
function lengthOf({ statusCode, headers }: IncomingMessage): number | undefined {
  const text = headers['content-length'] ?? '';
  if (statusCode !== 200 && statusCode !== 206) return undefined;
  if (headers['transfer-encoding'] !== undefined || !/^\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

function destinationOf(url: URL): Destination {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  return { secure, host: url.hostname, port };
}

function plainHeaders({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as const] : [],
    ),
  );
}
