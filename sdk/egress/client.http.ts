// GET over the host's proxy, with a bound on everything.
//
// Invariants:
//   E1. A body ends at `bytesMax`, counted after decompression (T10).
//   E2. At most REDIRECTS_MAX redirects, each to http or https; whether its host may be reached is
//       the proxy's to say (T13).
//   E3. A request has AWAKE_MS_MAX of awake time; being frozen does not use it up.

import { existsSync, readFileSync } from 'node:fs';
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { connect, createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { whenAwakeFor } from '../awake.js';
import { fail, UpdaterFailure } from '../failure.js';
import { openTunnel } from './tunnel.js';

/** Where systems keep the roots they trust, an organisation's own among them. */
const MACHINE_ROOTS = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
];
const REDIRECTS_MAX = 5;
const AWAKE_MS_MAX = 60_000;
const CONNECTIONS_MAX = 8;

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly bytesMax: number;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly statusCode: number;
  readonly body: Buffer;
}

/** The machine's file of trusted roots, where there is one. */
export function machineRootsFile(): string | undefined {
  return MACHINE_ROOTS.find((path) => existsSync(path));
}

export class EgressClient {
  private readonly http: HttpAgent;
  private readonly https: HttpsAgent;
  private readonly closing = new AbortController();
  private secureContext: SecureContext | undefined;

  constructor(private readonly egressSocket: string | undefined) {
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
    this.http = new HttpAgent(options);
    this.https = new HttpsAgent(options);
    this.http.createConnection = this.createConnection(false);
    this.https.createConnection = this.createConnection(true);
  }

  close(): void {
    this.closing.abort();
    this.http.destroy();
    this.https.destroy();
  }

  /** @throws UpdaterFailure UPSTREAM_DOWN, GRANT_MISSING, or the signal's reason. */
  async get(url: string, options: GetOptions): Promise<Answer> {
    let next = new URL(url);
    for (let hop = 0; hop <= REDIRECTS_MAX; hop += 1) {
      const answer = await this.getOnce(next, options);
      if (answer.location === undefined) return answer;
      if (!URL.canParse(answer.location, next.href)) break;
      next = new URL(answer.location, next.href); // E2
    }
    throw fail('UPSTREAM_DOWN', `${url} redirects without end`);
  }

  /**
   * A JSON document, or undefined where there is none (404, 410).
   * @throws UpdaterFailure UPSTREAM_DOWN, RATE_LIMITED, GRANT_MISSING.
   */
  async getJson(url: string, options: GetOptions): Promise<unknown> {
    const { statusCode, body } = await this.get(url, options);
    if (statusCode === 404 || statusCode === 410) return undefined;
    if (statusCode === 429) throw fail('RATE_LIMITED', `${url} asks for fewer requests`);
    if (statusCode !== 200) throw fail('UPSTREAM_DOWN', `${url} answered ${String(statusCode)}`);
    try {
      return JSON.parse(body.toString('utf8'));
    } catch (error) {
      throw fail('UPSTREAM_DOWN', `${url} answered with what is not JSON`, { cause: error });
    }
  }

  private getOnce(url: URL, options: GetOptions): Promise<Answer & { location?: string }> {
    const { protocol } = url;
    if (protocol !== 'https:' && protocol !== 'http:') {
      return Promise.reject(fail('UPSTREAM_DOWN', `${url.href} is neither http nor https`));
    }
    const late = new AbortController();
    const stopTimer = whenAwakeFor(AWAKE_MS_MAX, () => {
      late.abort(fail('UPSTREAM_DOWN', `${url.host} did not answer in time`)); // E3
    });
    const signal = AbortSignal.any([options.signal, late.signal]);
    const headers = { 'accept-encoding': 'gzip', ...options.headers };
    return new Promise<Answer & { location?: string }>((resolve, reject) => {
      const sent =
        protocol === 'https:'
          ? httpsRequest(url, { agent: this.https, headers, signal })
          : httpRequest(url, { agent: this.http, headers, signal });
      sent.once('response', (response) => {
        readBody(response, options.bytesMax).then((body) => {
          const { statusCode = 0 } = response;
          const { location } = response.headers;
          const moved = statusCode >= 300 && statusCode < 400 && location !== undefined;
          resolve({ statusCode, body, ...(moved && { location }) });
        }, reject);
      });
      sent.once('error', reject);
      sent.end();
    })
      .catch((error: unknown) => {
        throw signal.aborted ? signal.reason : asFailure(error, url);
      })
      .finally(stopTimer);
  }

  private createConnection(secure: boolean): HttpAgent['createConnection'] {
    return (target, done) => {
      const host = String(target.host);
      const authority = `${host.includes(':') ? `[${host}]` : host}:${String(target.port)}`;
      this.connect(authority, host, secure).then(
        (socket) => done?.(null, socket),
        (error: unknown) => done?.(error as Error, undefined as never),
      );
      return undefined;
    };
  }

  private async connect(authority: string, host: string, secure: boolean): Promise<Duplex> {
    if (this.egressSocket === undefined) {
      throw fail('GRANT_MISSING', `no egress was granted, so ${authority} can't be reached`);
    }
    const socket = await openTunnel(this.egressSocket, authority, this.closing.signal);
    if (!secure) return socket;
    this.secureContext ??= createSecureContext({ ca: trustedRoots() });
    const servername = isIP(host) === 0 ? host : '';
    return connect({ socket, host, servername, secureContext: this.secureContext });
  }
}

function trustedRoots(): string[] {
  const file = machineRootsFile();
  return file === undefined
    ? [...rootCertificates]
    : [...rootCertificates, readFileSync(file, 'utf8')];
}

async function readBody(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const gzip = response.headers['content-encoding'] === 'gzip';
  const source: Readable = gzip ? response.pipe(createGunzip()) : response;
  // A broken connection must also end the reading of what was being decompressed.
  if (gzip) response.once('error', (error) => source.destroy(error));
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > bytesMax) {
      response.destroy();
      throw fail('UPSTREAM_DOWN', `the answer is longer than ${String(bytesMax)} bytes`); // E1
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asFailure(error: unknown, url: URL): UpdaterFailure {
  if (error instanceof UpdaterFailure) return error;
  const { message } = error as Error;
  return fail('UPSTREAM_DOWN', `${url.host} can't be reached: ${message}`, { cause: error });
}
