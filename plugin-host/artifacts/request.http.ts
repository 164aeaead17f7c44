// The request for content from some byte on.

import { ProxyError } from '../egress/proxy-error.js';
import type { Answer, Line } from './line.http.js';
import type { Origin } from './partial.fs.js';

/**
 * @param haveBytes where the body is to begin.
 * @param origin where what is here came from; undefined: not known.
 * @throws ProxyError where the proxy wants to know who asks, or what `ask` does.
 */
export async function askFrom(
  line: Line,
  url: URL,
  haveBytes: number,
  origin: Origin | undefined,
): Promise<Answer> {
  const isSame = origin?.url === url.href && origin.validator !== undefined;
  const answer = await line.ask(url, {
    'user-agent': 'lull',
    'accept-encoding': 'identity',
    ...(haveBytes > 0 ? { range: `bytes=${String(haveBytes)}-` } : {}),
    ...(haveBytes > 0 && isSame ? { 'if-range': origin.validator } : {}),
  });
  if (answer.isByProxy && answer.status === 407) throw new ProxyError(407, url.host);
  return answer;
}
