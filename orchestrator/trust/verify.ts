// What a submitted manifest has to satisfy, as a list of obligations in the order in which they are
// asked. The first one that is not met names the refusal.

import { goodSignatures, parseEnvelope } from '../../bundle/envelope.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { displayText } from '../../conditions/words.js';
import type { ReasonCode } from '../../conditions/reason.js';
import type { Publisher } from './publisher.js';
import { publisherFor } from './vouched.js';

/** What is known of an id already. */
export interface KnownVersion {
  readonly publisher: string;
  readonly version: string;
  readonly manifest: Manifest;
}

export type Verdict =
  | {
      readonly kind: 'verified';
      readonly manifest: Manifest;
      readonly publisher: Publisher;
      readonly keyIds: readonly string[];
    }
  | {
      readonly kind: 'refused';
      readonly code: ReasonCode;
      readonly message: string;
      /** As far as they could be read. */
      readonly id: string;
      readonly version: string;
    };

export interface TrustRules {
  readonly publishers: readonly Publisher[];
  readonly scopes: readonly Manifest['scope'][];
}

export function verifySubmission(
  envelopeBytes: Uint8Array,
  rules: TrustRules,
  known: (id: string) => readonly KnownVersion[],
): Verdict {
  const envelope = parseEnvelope(envelopeBytes);
  if (envelope === undefined) {
    return refuse('SIGNATURE_MISSING', 'the manifest is not in a DSSE envelope');
  }
  const parsed = parseManifest(envelope.payload);
  if (parsed.kind === 'invalid') {
    return refuse('MANIFEST_INVALID', displayText(parsed.problems.join('; '), 2_048));
  }
  const { manifest } = parsed;
  const no = (code: ReasonCode, message: string): Verdict => refuse(code, message, manifest);

  const publisher = publisherFor(manifest, rules.publishers);
  if ('problem' in publisher) return no('PUBLISHER_UNKNOWN', publisher.problem);
  if (envelope.signatures.length === 0) {
    return no('SIGNATURE_MISSING', `the manifest of ${manifest.id} is not signed`);
  }
  const keyIds = goodSignatures(envelope, publisher.keys); // One key that signs twice is one.
  if (keyIds.length < publisher.threshold) {
    return no(
      'SIGNATURE_INVALID',
      `${String(keyIds.length)} of ${String(publisher.threshold)} good signatures by ${publisher.name}; the manifest was altered or signed with another key`,
    );
  }
  if (!rules.scopes.includes(manifest.scope)) {
    return no('SCOPE_REFUSED', `scope "${manifest.scope}" is not allowed by policy`);
  }
  return (
    knownProblem(manifest, known(manifest.id)) ?? { kind: 'verified', manifest, publisher, keyIds }
  );
}

function knownProblem(manifest: Manifest, known: readonly KnownVersion[]): Verdict | undefined {
  const no = (code: ReasonCode, message: string): Verdict => refuse(code, message, manifest);
  for (const each of known) {
    if (each.publisher !== manifest.publisher) {
      return no('ID_TAKEN', `${manifest.id} belongs to publisher ${each.publisher}`);
    }
    // T11: versions never go down, and of two that differ in their build alone none is the newer one.
    const order = compareVersions(manifest.version, each.version);
    if (order === 0 && !isSame(each.manifest, manifest)) {
      const other = each.manifest.bundle.sha256 === manifest.bundle.sha256 ? 'manifest' : 'digest';
      return no(
        'VERSION_TAKEN',
        `${manifest.id} ${each.version} was here already with another ${other}; what is changed needs a new version, and what follows a "+" does not count`,
      );
    }
    if (order < 0) {
      return no(
        'VERSION_DOWNGRADE',
        `${manifest.id} ${each.version} was here already, and ${manifest.version} is older; to go back all the same an operator removes the id first, with "lull updaters remove ${manifest.id}"`,
      );
    }
  }
  return undefined;
}

/** What was parsed has its members in one order. */
function isSame(a: Manifest, b: Manifest): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function refuse(code: ReasonCode, message: string, manifest?: Manifest): Verdict {
  return {
    kind: 'refused',
    code,
    message,
    id: manifest?.id ?? '',
    version: manifest?.version ?? '',
  };
}

/** Order of two semantic versions; build metadata does not count. */
export function compareVersions(a: string, b: string): number {
  const [coreA, preA] = splitVersion(a);
  const [coreB, preB] = splitVersion(b);
  const byCore = compareParts(coreA, coreB);
  if (byCore !== 0) return byCore;
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return compareParts(preA, preB);
}

function splitVersion(version: string): [core: string[], pre: string[]] {
  const plain = version.split('+')[0] ?? '';
  const cut = plain.indexOf('-');
  if (cut < 0) return [plain.split('.'), []];
  return [plain.slice(0, cut).split('.'), plain.slice(cut + 1).split('.')];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const [left, right] = [a[i], b[i]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (left === right) continue;
    const [numberL, numberR] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (numberL && numberR) {
      // BigInt: a version may have more digits than a number holds exactly.
      const difference = BigInt(left) - BigInt(right);
      if (difference !== 0n) return difference < 0n ? -1 : 1;
      continue; // "01" and "1".
    }
    if (numberL !== numberR) return numberL ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
