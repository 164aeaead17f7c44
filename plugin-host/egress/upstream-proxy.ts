// Which proxy the operator's environment puts before a destination, if any: HTTP_PROXY, HTTPS_PROXY,
// ALL_PROXY and NO_PROXY as curl reads them.

import { bytesOf, startsWith } from './zone.js';

export interface ProxyRule {
  /** Proxy for http and for https destinations, or undefined: dial directly. */
  readonly http: URL | undefined;
  readonly https: URL | undefined;
  readonly except: readonly Exception[];
}

type Exception =
  /** A host name, also for what is below it; "*" for everything. */
  | { readonly kind: 'name'; readonly host: string; readonly port: number | undefined }
  /** An address, or all that begin like it. */
  | {
      readonly kind: 'range';
      readonly bytes: readonly number[];
      readonly bits: number;
      readonly port: number | undefined;
    };

export interface Destination {
  readonly secure: boolean;
  /** Lower case; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Unusable proxy URLs are reported by name, so that a typing error does not mean "no proxy". */
export function readProxyRule(env: Environment): {
  readonly rule: ProxyRule;
  readonly problems: readonly string[];
} {
  const problems: string[] = [];
  const proxyIn = (name: string): URL | undefined => {
    const text = value(env, name);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
    problems.push(`${name} is not an http:// or https:// URL and is not used`);
    return undefined;
  };
  const all = proxyIn('all_proxy');
  const except = (value(env, 'no_proxy') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .map(exceptionOf);
  const http = proxyIn('http_proxy') ?? all;
  return { rule: { http, https: proxyIn('https_proxy') ?? all, except }, problems };
}

/** The proxy to go through, or undefined. */
export function proxyFor(rule: ProxyRule, to: Destination): URL | undefined {
  if (rule.except.some((each) => covers(each, to))) return undefined;
  return to.secure ? rule.https : rule.http;
}

/** "host", ".host", "*.host", "*", an address, "10.0.0.0/8"; all but the last also with ":port". */
function exceptionOf(text: string): Exception {
  const range = /^\[?([0-9a-f:.]+)\]?\/(\d{1,3})$/.exec(text);
  const network = bytesOf(range?.[1] ?? '');
  if (network !== undefined) {
    const bits = Math.min(Number(range?.[2]), network.length * 8);
    return { kind: 'range', bytes: network, bits, port: undefined };
  }
  const bare = bytesOf(text);
  // "::1" ends in what looks like a port.
  const match = bare === undefined ? /^(.*?):(\d{1,5})$/.exec(text) : null;
  const port = match === null ? undefined : Number(match[2]);
  const host = (match?.[1] ?? text).replace(/^\[(.*)\]$/, '$1');
  const bytes = bytesOf(host);
  if (bytes !== undefined) return { kind: 'range', bytes, bits: bytes.length * 8, port };
  return { kind: 'name', host: host.replace(/^\*?\./, ''), port };
}

function covers(exception: Exception, to: Destination): boolean {
  if (exception.port !== undefined && exception.port !== to.port) return false;
  if (exception.kind === 'name') {
    const { host } = exception;
    return host === '*' || to.host === host || to.host.endsWith(`.${host}`);
  }
  const bytes = bytesOf(to.host.replace(/^\[(.*)\]$/, '$1'));
  return (
    bytes?.length === exception.bytes.length && startsWith(bytes, exception.bytes, exception.bits)
  );
}

function value(env: Environment, name: string): string | undefined {
  const text = env[name] ?? env[name.toUpperCase()];
  return text === undefined || text === '' ? undefined : text;
}
