// Publishers: whose keys policy trusts for which ids.

import { createPublicKey, type KeyObject } from 'node:crypto';

/** How far a publisher's updaters are accepted without an operator. */
export const automatic = ['never', 'same-grants', 'always'] as const;
export type Automatic = (typeof automatic)[number];

export interface Publisher {
  readonly name: string;
  readonly keys: readonly KeyObject[];
  /** How many different keys have to sign. */
  readonly threshold: number;
  /** Exact ids, or prefixes written "dev.lull.*". */
  readonly ids: readonly string[];
  /**
   * How far its updaters are accepted without an operator, where every setting has a value: never;
   * new versions that ask for no more than the accepted one; or the first version as well.
   */
  readonly auto: Automatic;
}

/** Whether `pattern` ("dev.lull.npm" or "dev.lull.*") covers `id`. */
export function coversId(pattern: string, id: string): boolean {
  return pattern.endsWith('.*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id;
}

/** An Ed25519 public key from PEM or base64 DER, or undefined when it is not one. */
export function parsePublicKey(text: string): KeyObject | undefined {
  try {
    const key = text.includes('-----BEGIN')
      ? createPublicKey(text)
      : createPublicKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    // createPublicKey throws on everything that is not a key: an expected answer here.
    return undefined;
  }
}
