// Who vouches for a manifest: a publisher that policy names for its id, with as many of its keys as policy
// asks for. Asked of what is submitted, and of what was accepted for as long as it is there.
//
// Invariant: V1. What was accepted is judged by the policy of now. Whom policy does not trust any more has
// nothing that runs, also where a person accepted it: that comes on top of the trust and does not replace it.

import { goodSignatures, parseEnvelope } from '../../bundle/envelope.js';
import type { Manifest } from '../../bundle/manifest.js';
import { coversId, type Publisher } from './publisher.js';

/** The publisher that may have an updater of this id (T12); or why policy trusts none. */
export function publisherFor(
  { publisher: wanted, id }: Pick<Manifest, 'publisher' | 'id'>,
  publishers: readonly Publisher[],
): Publisher | { readonly problem: string } {
  const named = publishers.filter(({ name }) => name === wanted);
  const found = named.find(({ ids }) => ids.some((pattern) => coversId(pattern, id)));
  if (found !== undefined) return found;
  const ids = named.flatMap((each) => each.ids).join(', ');
  const what = named.length === 0 ? 'add its key under "publishers"' : `its ids are ${ids}`;
  return { problem: `policy trusts no publisher "${wanted}" for ${id}; ${what}` };
}

/** A version as it was submitted. */
export interface Vouched {
  readonly manifest: Manifest;
  /** Base64. */
  readonly envelope: string;
}

interface Answer {
  readonly publishers: readonly Publisher[];
  readonly why: string | undefined;
}

/** Signatures take a while, and are asked in every turn: the last answer is kept with the version. */
const answers = new WeakMap<Vouched, Answer>();

/** Why policy does not trust it (V1); undefined: it does. */
export function distrust(
  version: Vouched,
  { publishers }: { readonly publishers: readonly Publisher[] },
): string | undefined {
  const last = answers.get(version);
  if (last?.publishers === publishers) return last.why;
  const why = whyNot(version, publishers);
  answers.set(version, { publishers, why });
  return why;
}

function whyNot(
  { manifest, envelope }: Vouched,
  publishers: readonly Publisher[],
): string | undefined {
  const publisher = publisherFor(manifest, publishers);
  if ('problem' in publisher) return publisher.problem;
  const parsed = parseEnvelope(Buffer.from(envelope, 'base64'));
  const signedCount = parsed === undefined ? 0 : goodSignatures(parsed, publisher.keys).length;
  if (signedCount >= publisher.threshold) return undefined;
  const { id, version } = manifest;
  const wanted = `policy wants ${String(publisher.threshold)} of the keys that it trusts of ${publisher.name} to have signed ${id} ${version}`;
  return `${wanted}, ${String(signedCount)} did; submit a version that they signed, or name the key that signed this one`;
}
