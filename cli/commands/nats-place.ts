// How NATS is reached, from the command line and the environment.

import type { NatsOptions } from '../../runtime/nats.js';
import { CommandError } from '../failure.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Files with certificates and credentials. */
export function natsFiles(
  flags: { readonly natsCreds?: string },
  env: Env,
): Pick<NatsOptions, 'tls' | 'credsFile'> {
  const caFile = env['LULL_NATS_CA'];
  const [certFile, keyFile] = [env['LULL_NATS_CERT'], env['LULL_NATS_KEY']];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    const [there, absent] = certFile === undefined ? ['KEY', 'CERT'] : ['CERT', 'KEY'];
    throw new CommandError(`LULL_NATS_${there} wants LULL_NATS_${absent} as well`, 2);
  }
  const tls = {
    ...(caFile === undefined ? {} : { caFile }),
    ...(certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile }),
  };
  const credsFile = flags.natsCreds ?? env['LULL_NATS_CREDS'];
  return {
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(credsFile === undefined ? {} : { credsFile }),
  };
}

export function natsPlace(
  text: string,
  flags: { readonly natsCreds?: string },
  env: Env,
): Pick<NatsOptions, 'url' | 'tls' | 'credsFile'> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw new CommandError(`"${text}" is no server: it is nats://host:port, or tls://`, 2);
  }
  return { url, ...natsFiles(flags, env) };
}
