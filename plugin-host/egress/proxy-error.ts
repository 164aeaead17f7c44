// A proxy of the operator's that does not let us through.

export class ProxyError extends Error {
  readonly code = 'PROXY_REFUSED';

  constructor(
    /** What it answered. */
    readonly status: number,
    authority: string,
  ) {
    super(
      status === 407
        ? `the proxy wants other credentials for ${authority} (407): they go into the proxy's URL, as in http://user:password@host:port`
        : `the proxy answered ${String(status)} for ${authority}`,
    );
    this.name = 'ProxyError';
  }
}
