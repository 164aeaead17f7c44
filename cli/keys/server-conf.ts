// The configuration of a nats-server that takes in nobody without a certificate and credentials.

import { join } from 'node:path';
import type { NatsTrust } from './credentials.js';

export interface NatsPlace {
  /** Address and port that it listens on. */
  readonly listen: string;
  /** Where its directory will lie when it is started. */
  readonly directory: string;
  /** Where JetStream keeps what it is given. */
  readonly store: string;
  /** Address and port at which it says, without asking who it is, how it is; absent: nowhere. */
  readonly health?: string | undefined;
}

export function serverConf(place: NatsPlace, trust: NatsTrust): string {
  const file = (name: string): string => JSON.stringify(join(place.directory, name));
  const accounts = [...trust.accounts].map(([key, jwt]) => `  ${key}: ${jwt}`);
  return `# Written by "lull keys", and overwritten by it.
listen: ${JSON.stringify(place.listen)}
${place.health === undefined ? '' : `http: ${JSON.stringify(place.health)}\n`}tls {
  cert_file: ${file('cert.pem')}
  key_file: ${file('key.pem')}
  ca_file: ${file('ca.pem')}
  verify: true
  timeout: 10
}
jetstream {
  store_dir: ${JSON.stringify(place.store)}
  # What is acknowledged has survived a power cut.
  sync_interval: always
}
operator: ${trust.operatorJwt}
system_account: ${trust.systemAccount}
resolver: MEMORY
resolver_preload: {
${accounts.join('\n')}
}
`;
}
