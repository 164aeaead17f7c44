// What an updater may order: a URL, what its content must be, and how long it may be.

export type Algorithm = 'sha256' | 'sha512' | 'sha1';

export interface ExpectedDigest {
  readonly algorithm: Algorithm;
  /** Lower-case hexadecimal. */
  readonly hex: string;
}

export interface FetchOrder {
  readonly url: string;
  /** Further places to take it from, in order. */
  readonly mirrors: readonly string[];
  /** Never empty; at least one is not SHA-1. */
  readonly digests: readonly ExpectedDigest[];
  /** Exact length, where it is known. */
  readonly sizeBytes: number | undefined;
  readonly sizeBytesMax: number;
}

/** What an order comes to. */
export interface StoredContent {
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type OrderReading =
  | { readonly kind: 'ok'; readonly order: FetchOrder }
  | { readonly kind: 'invalid'; readonly problem: string };

const HEX_LENGTH: Readonly<Record<Algorithm, number>> = { sha256: 64, sha512: 128, sha1: 40 };
/** One per algorithm is all that makes sense. */
const DIGESTS_MAX = 3;
/** As the contract states it. */
const MIRRORS_MAX = 7;

/** Holds a request against the contract's limits. */
export function readOrder(fields: {
  readonly url: string;
  readonly mirrors: readonly string[];
  readonly digests: readonly {
    readonly algorithm: Algorithm | undefined;
    readonly hex: string;
  }[];
  readonly sizeBytes: bigint | undefined;
  readonly sizeBytesMax: bigint;
}): OrderReading {
  const { url, mirrors, sizeBytes, sizeBytesMax } = fields;
  if (mirrors.length > MIRRORS_MAX) return invalid('mirrors: too many');
  const digests: ExpectedDigest[] = [];
  for (const { algorithm, hex } of fields.digests) {
    if (algorithm === undefined) return invalid('digests: an algorithm that is not known');
    if (hex.length !== HEX_LENGTH[algorithm] || !/^[0-9a-f]+$/.test(hex)) {
      return invalid(`digests: not a ${algorithm} in lower-case hexadecimal`);
    }
    if (digests.some((each) => each.algorithm === algorithm)) {
      return invalid(`digests: ${algorithm} twice`);
    }
    digests.push({ algorithm, hex });
  }
  if (digests.length > DIGESTS_MAX) return invalid('digests: too many');
  if (!digests.some(isStrong)) {
    return invalid('digests: needs at least one that is stronger than SHA-1');
  }
  const max = BigInt(Number.MAX_SAFE_INTEGER);
  if (sizeBytesMax <= 0n || sizeBytesMax > max) return invalid('size_max_bytes: out of range');
  if (sizeBytes !== undefined && sizeBytes > sizeBytesMax) {
    return invalid('size_bytes: larger than size_max_bytes');
  }
  return {
    kind: 'ok',
    order: {
      url,
      mirrors,
      digests,
      sizeBytes: sizeBytes === undefined ? undefined : Number(sizeBytes),
      sizeBytesMax: Number(sizeBytesMax),
    },
  };
}

export function isStrong(digest: ExpectedDigest): boolean {
  return digest.algorithm !== 'sha1';
}

/** What a partial download of this order is called: content, not URL, so that mirrors share it. */
export function partialName(order: FetchOrder): string {
  const digest = order.digests.find(isStrong);
  if (digest === undefined) throw new Error('an order without a strong digest was let through');
  return `${digest.algorithm}-${digest.hex}`;
}

function invalid(problem: string): OrderReading {
  return { kind: 'invalid', problem };
}
