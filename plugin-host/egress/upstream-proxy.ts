// Which proxy the operator's environment puts before a destination, if any: HTTP_PROXY, HTTPS_PROXY
// and NO_PROXY as curl reads them.

export interface ProxyRule {
  /** Proxy for http and for https destinations, or undefined: dial directly. */
  readonly http: URL | undefined;
  readonly https: URL | undefined;
  /** Host names, each also for what is below it; "*" for everything. */
  readonly except: readonly { readonly host: string; readonly port: number | undefined }[];
}

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
    if (url?.protocol === 'http:') return url;
    problems.push(`${name} is not an http:// URL and is not used`);
    return undefined;
  };
  const except = (value(env, 'no_proxy') ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((text) => text !== '')
    .map((text) => {
      const match = /^(.*?):(\d{1,5})$/.exec(text);
      const host = (match?.[1] ?? text).replace(/^\*?\./, '');
      return { host, port: match === null ? undefined : Number(match[2]) };
    });
  return { rule: { http: proxyIn('http_proxy'), https: proxyIn('https_proxy'), except }, problems };
}

/** The proxy to go through, or undefined. */
export function proxyFor(rule: ProxyRule, to: Destination): URL | undefined {
  const excepted = rule.except.some(
    ({ host, port }) =>
      (port === undefined || port === to.port) &&
      (host === '*' || to.host === host || to.host.endsWith(`.${host}`)),
  );
  if (excepted) return undefined;
  return to.secure ? rule.https : rule.http;
}

function value(env: Environment, name: string): string | undefined {
  const text = env[name] ?? env[name.toUpperCase()];
  return text === undefined || text === '' ? undefined : text;
}
