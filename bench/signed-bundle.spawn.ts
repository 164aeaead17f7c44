// A signed bundle, and a policy that trusts it and waits for nothing but the person.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lull } from '../harness/lull.spawn.js';

export interface SignedBundle {
  readonly bundleFile: string;
  readonly policyFile: string;
}

export async function signBundle(
  scratch: string,
  source: { readonly directory: string; readonly manifestFile: string },
): Promise<SignedBundle> {
  const key = join(scratch, 'key.pem');
  const bundleFile = join(scratch, 'updater.lull');
  const policyFile = join(scratch, 'policy.yaml');
  const publicKey = (await lull(['bundle', 'key', key])).trim();
  await lull([
    ...['bundle', 'pack', source.directory, '--manifest', source.manifestFile],
    ...['--key', key, '--out', bundleFile],
  ]);
  writeFileSync(policyFile, policy(publicKey));
  return { bundleFile, policyFile };
}

function policy(publicKey: string): string {
  return `publishers:
  - name: lull
    keys: ['${publicKey}']
    ids: ['dev.lull.*']
waiting: { away: 0s, away_for_install: 0s, away_to_resume: 0s, between_resumes: 0s, start_up: 0s, set_up: 0s, boot: 0s, resume: 0s, login: 0s }
retry: { first: 1s, install: 1s }
load:
  cpu.busy: off
  disk.busy: off
  pressure.cpu: off
  pressure.io: off
  pressure.memory: off
  memory.used: off
`;
}
