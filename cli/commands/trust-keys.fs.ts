// The keys that this machine trusts by itself, whatever its orchestrator says.

import { readFileSync } from 'node:fs';
import type { KeyObject } from 'node:crypto';
import { CommandError } from '../failure.js';
import { parsePublicKey } from '../../orchestrator/trust/publisher.js';

/** @throws CommandError that names the file which holds none. */
export function readTrustKeys(files: readonly string[]): KeyObject[] {
  return files.map((file) => {
    const key = parsePublicKey(textOf(file).trim());
    if (key === undefined) {
      throw new CommandError(
        `${file} holds no Ed25519 public key, in PEM or in base64 on one line`,
      );
    }
    return key;
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`the trusted key cannot be read: ${(error as Error).message}`);
  }
}
