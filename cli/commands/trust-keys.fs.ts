// The keys that this machine trusts by itself, whatever its orchestrator says.

import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { parsePublicKey } from '../../orchestrator/trust/publisher.js';

/** @throws Error that names the file which holds none. */
export function readTrustKeys(files: readonly string[]): KeyObject[] {
  return files.map((file) => {
    const key = parsePublicKey(readFileSync(file, 'utf8').trim());
    if (key === undefined) {
      throw new Error(`${file} holds no Ed25519 public key, in PEM or in base64 on one line`);
    }
    return key;
  });
}
