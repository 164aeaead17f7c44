// The hash chain: what makes an edit, a cut or a swap of entries visible.
//
// An entry's hash covers its sequence, its instant, its body exactly as stored, and the hash before
// it. The body is canonical JSON (keys sorted), so that anyone can recompute it with a few lines.
//
// Invariant: C1. Bodies are hashed as stored, never re-encoded: a reader of another version that
// would write a fact differently still verifies what was written.

import { createHash } from 'node:crypto';
import type { Fact } from './fact.js';

export interface Entry {
  /** From 1, without gaps. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly fact: Fact;
  readonly body: string;
  readonly hash: string;
}

/** An entry as stored: its body is not parsed yet. */
export interface StoredEntry {
  readonly sequence: number;
  readonly atMs: number;
  readonly body: string;
  readonly hash: string;
}

export interface Head {
  readonly sequence: number;
  readonly hash: string;
}

/** The head of an empty journal. */
export const genesis: Head = { sequence: 0, hash: '0'.repeat(64) };

/** The entry that follows `head`. */
export function chainEntry(head: Head, atMs: number, fact: Fact): Entry {
  const sequence = head.sequence + 1;
  const body = canonicalJson(fact);
  return { sequence, atMs, fact, body, hash: entryHash(head.hash, sequence, atMs, body) };
}

export function entryHash(before: string, sequence: number, atMs: number, body: string): string {
  return createHash('sha256')
    .update(`lull.journal.v1\n${before}\n${String(sequence)}\n${String(atMs)}\n${body}`)
    .digest('hex');
}

export interface Broken {
  readonly kind: 'broken';
  readonly atSequence: number;
  readonly why: string;
}

type ChainVerdict = { readonly kind: 'whole'; readonly head: Head } | Broken;

/** Recomputes the chain over `entries`, which follow `head` in order. */
export function verifyChain(head: Head, entries: Iterable<StoredEntry>): ChainVerdict {
  let at = head;
  for (const entry of entries) {
    if (entry.sequence !== at.sequence + 1) {
      return broken(at.sequence + 1, `entry ${String(at.sequence + 1)} is missing`);
    }
    const hash = entryHash(at.hash, entry.sequence, entry.atMs, entry.body);
    if (hash !== entry.hash) {
      return broken(entry.sequence, `entry ${String(entry.sequence)} was altered`);
    }
    at = { sequence: entry.sequence, hash };
  }
  return { kind: 'whole', head: at };
}

function broken(atSequence: number, why: string): Broken {
  return { kind: 'broken', atSequence, why };
}

/** JSON with sorted keys and without undefined members. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value);
}
