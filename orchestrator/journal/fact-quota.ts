// How much of a journal what one machine says may take (T23): buckets of entries and bytes, which fill with
// time. The numbers, and why no honest machine meets them, are in decision 165.
//
// Invariants:
//   Q1. What forbids is never left out: that a person is back, that a run ended, that updaters are confined
//       less strongly. It is charged all the same, and little: while a bucket is used up nothing is
//       permitted, so that there is little that could be forbidden.
//   Q2. Whoever has used a bucket up waits until a quarter of it is there again: what is left out is told
//       once, and not at every second fact.
//   Q3. One updater uses up no more than half of what its machine may say, and is stopped then. The other
//       half is for the evidence of what it did, and for the others.

export interface Quota {
  /** At once, and again in the course of a day. */
  readonly entries: number;
  readonly bytes: number;
}

const MB = 1_000_000;
export interface Quotas {
  readonly host: Quota;
  /** Q3. */
  readonly updater: Quota;
  /** Beyond the host's: for hellos, and for evidence of what was permitted before it was used up. */
  readonly reserve: Quota;
}

/** Ours: three times what a machine says that installs as many updates in a day as a scan may find. */
export const defaultQuotas: Quotas = {
  host: { entries: 60_000, bytes: 100 * MB },
  updater: { entries: 30_000, bytes: 50 * MB },
  reserve: { entries: 1_000, bytes: MB },
};
/** Ours: rollouts that begin because of one machine; each is an entry in seventeen journals of a fleet. */
export const ROLLOUT_QUOTA: Quota = { entries: 1_000, bytes: Infinity };
/** Ours: what one caller submits, refused or not. What is accepted is an entry in seventeen journals. */
export const SUBMISSION_QUOTA: Quota = { entries: 500, bytes: 50 * MB };
const DAY_MS = 24 * 3_600_000;
/** Q2. */
const OPENS_AT = 1 / 4;

export interface Bucket {
  /** What may still be said; below nothing, what was said beyond. */
  readonly entries: number;
  readonly bytes: number;
  readonly atMs: number;
  /** It was used up, and has not filled to a quarter since (Q2). */
  readonly isUsedUp: boolean;
}

/**
 * `any`: left out where a bucket is used up. `evidence`: not before the reserve is. `forbids`: never (Q1).
 */
export type Weight = 'any' | 'evidence' | 'forbids';

export function fullBucket(quota: Quota, nowMs: number): Bucket {
  return { entries: quota.entries, bytes: quota.bytes, atMs: nowMs, isUsedUp: false };
}

/** @param nowMs of a clock that nobody sets. */
export function refilled(before: Bucket, quota: Quota, nowMs: number): Bucket {
  const days = Math.max(0, nowMs - before.atMs) / DAY_MS;
  const entries = Math.min(quota.entries, before.entries + days * quota.entries);
  const bytes = Math.min(quota.bytes, before.bytes + days * quota.bytes);
  const isOpen = entries >= quota.entries * OPENS_AT && bytes >= quota.bytes * OPENS_AT;
  return { entries, bytes, atMs: nowMs, isUsedUp: before.isUsedUp && !isOpen };
}

/** The fact with which a bucket is used up is the last that it holds. */
export function charged(bucket: Bucket, cost: Quota): Bucket {
  const entries = bucket.entries - cost.entries;
  const bytes = bucket.bytes - cost.bytes;
  const isUsedUp = bucket.isUsedUp || entries <= 0 || bytes <= 0;
  return { entries, bytes, atMs: bucket.atMs, isUsedUp };
}

/** Whether what weighs so much is recorded. */
export function isTaken(
  { entries, bytes, isUsedUp }: Bucket,
  weight: Weight,
  reserve: Quota,
): boolean {
  if (!isUsedUp || weight === 'forbids') return true; // Q1
  return weight === 'evidence' && entries > -reserve.entries && bytes > -reserve.bytes;
}

/** How long until one that is used up takes anything again. */
export function opensInMs({ entries, bytes }: Bucket, quota: Quota): number {
  const share = Math.min(entries / quota.entries, bytes / quota.bytes);
  return Math.ceil(Math.max(0, OPENS_AT - share) * DAY_MS);
}
