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

/**
 * One server, or several of a cluster with commas between them. Who we are and whether it is encrypted is said
 * by the first and holds for all.
 */
export function natsServers(text: string): Pick<NatsOptions, 'url' | 'alsoAt'> {
  const [first, ...others] = text.split(',').map(serverAt);
  if (first === undefined) throw noServer(text);
  for (const { protocol, username, host } of others) {
    if (protocol === first.protocol && username === '') continue;
    throw new CommandError(
      `"${host}" is a server beside ${first.host}: it is ${first.protocol}//host:port as that one, without a user of its own`,
      2,
    );
  }
  return { url: first, ...(others.length === 0 ? {} : { alsoAt: others.map(({ host }) => host) }) };
}

function serverAt(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
    throw noServer(text);
  }
  return url;
}

function noServer(text: string): CommandError {
  return new CommandError(
    `"${text}" is no NATS server: that is nats://host:port or tls://host:port`,
    2,
  );
}

export function natsPlace(
  text: string,
  flags: { readonly natsCreds?: string },
  env: Env,
): Pick<NatsOptions, 'url' | 'alsoAt' | 'tls' | 'credsFile'> {
  return { ...natsServers(text), ...natsFiles(flags, env) };
}
