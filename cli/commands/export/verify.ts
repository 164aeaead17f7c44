// Verifies an export of a journal without Lull: copied into each export as verify.mjs, which Node alone runs. Written
// apart from what writes and signs, so that a mistake there is not made here again.
//
//   node verify.mjs [--key KEY-OR-FILE…] [EARLIER-CHECKPOINT…]
//
// Invariant: V1. Nothing is imported but Node itself.

import { createHash, createPublicKey, verify as isSigned } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ExportedEntry {
  readonly sequence: number;
  readonly atMs: number;
  /** As it was hashed. */
  readonly body: string;
  readonly hash: string;
}

/** What comes before the first entry. */
export interface Before {
  readonly sequence: number;
  readonly hash: string;
  /** Roots of the perfect subtrees over those entries (RFC 6962), hexadecimal. */
  readonly subtrees: readonly string[];
}

export const nothingBefore: Before = { sequence: 0, hash: '0'.repeat(64), subtrees: [] };

/** A checkpoint as it is written. */
export interface Note {
  readonly text: string;
  readonly origin: string;
  readonly size: number;
  readonly root: string;
  readonly signatures: readonly { readonly key: string; readonly signature: Buffer }[];
}

export interface Walked {
  readonly before: Before;
  readonly sequence: number;
  readonly hash: string;
  /** Where the chain breaks. Absent: nowhere. */
  readonly problem?: string;
  /** Of the journal's first entry. Absent: it is not among them. */
  readonly origin?: string;
  /** Roots of the tree over so many entries, as checkpoints write them. */
  readonly rootAt: ReadonlyMap<number, string>;
}

/** @returns undefined for what is no checkpoint. */
export function readNote(note: string): Note | undefined {
  const [text, below] = note.split('\n\n', 2);
  const [, origin, count, root] =
    /^([^\n]+)\n(\d{1,15})\n([A-Za-z0-9+/]{43}=)$/.exec(text ?? '') ?? [];
  if (origin === undefined || root === undefined) return undefined;
  const signatures = (below ?? '').split('\n').flatMap((line) => {
    const [, name, signed = ''] = /^\u2014 (\S+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? [];
    const bytes = Buffer.from(signed, 'base64');
    const key = `${name ?? ''}+${bytes.subarray(0, 4).toString('hex')}`;
    return name === undefined ? [] : [{ key, signature: bytes.subarray(4) }];
  });
  return { text: `${text ?? ''}\n`, origin, size: Number(count), root, signatures };
}

/** Which of `keys` ("name+hash+key") signed it. */
export function signersOf(note: Note, keys: readonly string[]): string[] {
  return keys.flatMap((verifier) => {
    const [, key, encoded = ''] = /^(\S+\+[0-9a-f]{8})\+([A-Za-z0-9+/]{44})$/.exec(verifier) ?? [];
    const raw = Buffer.from(encoded, 'base64');
    if (key === undefined || raw[0] !== 1) return [];
    const x = raw.subarray(1).toString('base64url');
    const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const signed = note.signatures.some(
      (each) =>
        each.key === key && isSigned(null, Buffer.from(note.text), publicKey, each.signature),
    );
    return signed ? [key] : [];
  });
}

/** Recomputes the chain and the tree. @param sizes at which roots are wanted. */
export async function walk(
  before: Before,
  entries: AsyncIterable<ExportedEntry>,
  sizes: readonly number[],
): Promise<Walked> {
  const subtrees: Buffer[] = before.subtrees.map((root) => Buffer.from(root, 'hex'));
  const rootAt = new Map<number, string>();
  let { sequence, hash } = before;
  let origin: string | undefined;
  let problem = subtreesProblem(before);
  const note = (): void => {
    if (sizes.includes(sequence)) rootAt.set(sequence, rootOf(subtrees));
  };
  note();
  for await (const entry of entries) {
    problem ??= entryProblem(entry, sequence, hash);
    if (problem !== undefined) break;
    let node = sha256(Uint8Array.of(0), Buffer.from(entry.hash, 'hex'));
    for (let rest = sequence; rest % 2 === 1; rest = (rest - 1) / 2) {
      node = sha256(Uint8Array.of(1), subtrees.pop() ?? node, node);
    }
    subtrees.push(node);
    ({ sequence, hash } = entry);
    if (sequence === 1) origin = hash;
    note();
  }
  return {
    ...{ before, sequence, hash, rootAt },
    ...(problem === undefined ? {} : { problem }),
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Why what was walked is not what a checkpoint was made of; undefined: it is. */
export function contradiction(note: Note, walked: Walked): string | undefined {
  const { before, sequence, origin } = walked;
  const size = String(note.size);
  if (origin !== undefined && note.origin !== `lull.journal.v1/${origin}`) {
    return 'it is of another journal: the first entry is not the one that it names';
  }
  if (note.size > sequence) {
    return `it is of ${size} entries, and here they end with ${String(sequence)}: the end was cut off, or an older copy put back`;
  }
  if (note.size < before.sequence) {
    return `it is of ${size} entries, and this export begins after that: export from entry ${String(note.size + 1)} or earlier`;
  }
  return walked.rootAt.get(note.size) === note.root
    ? undefined
    : `the first ${size} entries are not those that it was made of`;
}

/** What `node verify.mjs` does in the directory of an export. @returns its exit code. */
export async function main(directory: string, args: readonly string[]): Promise<number> {
  try {
    return await verified(directory, args);
  } catch (error) {
    told(`it cannot be read as an export: ${(error as Error).message}`, '');
    return 1;
  }
}

async function verified(directory: string, args: readonly string[]): Promise<number> {
  const [files, given] = [[join(directory, 'checkpoint.txt')], [] as string[]];
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--key') given.push(args[(at += 1)] ?? '');
    else files.push(args[at] ?? '');
  }
  const own = readFileSync(join(directory, 'key.txt'), 'utf8').trim();
  const keys = given.length === 0 ? [own] : given.map(keyIn);
  const notes = files.map((file) => ({ file, note: readNote(readFileSync(file, 'utf8')) }));
  const sizes = notes.flatMap(({ note }) => note?.size ?? []);
  const before = JSON.parse(readFileSync(join(directory, 'before.json'), 'utf8')) as Before;
  const odd: string[] = [];
  const walked = await walk(before, entriesIn(directory, odd), sizes);
  const first = String(before.sequence + 1);
  let isGood = told(
    walked.problem,
    `entries ${first} to ${String(walked.sequence)}, head ${walked.hash}`,
  );
  for (const file of odd) isGood = told(`${file}: it is not what its entry has`, '') && isGood;
  for (const { file, note } of notes) {
    const signers = note === undefined ? [] : signersOf(note, keys);
    const unsigned = signers.length === 0 ? 'none of the keys has signed it' : undefined;
    const problem =
      note === undefined ? 'it is no checkpoint' : (contradiction(note, walked) ?? unsigned);
    const what = `${file}: ${String(note?.size)} entries, signed by ${signers.join(', ')}`;
    isGood = told(problem === undefined ? undefined : `${file}: ${problem}`, what) && isGood;
  }
  if (given.length === 0) {
    say(`the key is the one that came along: ${own}`);
    say('compare it with the one that you were given, or name that with --key');
  }
  return isGood ? 0 : 1;
}

/** The key itself, or what stands in a file. */
export function keyIn(text: string): string {
  return existsSync(text) ? readFileSync(text, 'utf8').trim() : text;
}

/** @param odd evidence that is not what its entry has. */
async function* entriesIn(directory: string, odd: string[]): AsyncGenerator<ExportedEntry> {
  let rest = '';
  for await (const chunk of createReadStream(join(directory, 'entries.jsonl'), 'utf8')) {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield entryIn(directory, line, odd);
  }
  if (rest !== '') yield entryIn(directory, rest, odd);
}

function entryIn(directory: string, line: string, odd: string[]): ExportedEntry {
  const entry = JSON.parse(line) as ExportedEntry;
  const { envelope } = JSON.parse(entry.body) as { readonly envelope?: string };
  const file = join(directory, 'evidence', `${String(entry.sequence)}.dsse.json`);
  if (envelope !== undefined && existsSync(file)) {
    if (!readFileSync(file).equals(Buffer.from(envelope, 'base64'))) odd.push(file);
  }
  return entry;
}

function subtreesProblem({ sequence, subtrees }: Before): string | undefined {
  const count = sequence.toString(2).replaceAll('0', '').length;
  return count === subtrees.length
    ? undefined
    : 'before.json does not go with its count of entries';
}

function entryProblem(
  { sequence, atMs, body, hash }: ExportedEntry,
  last: number,
  lastHash: string,
): string | undefined {
  if (sequence !== last + 1) return `entry ${String(last + 1)} is missing`;
  const text = `lull.journal.v1\n${lastHash}\n${String(sequence)}\n${String(atMs)}\n${body}`;
  return sha256(Buffer.from(text)).toString('hex') === hash
    ? undefined
    : `entry ${String(sequence)} was altered`;
}

function rootOf(subtrees: readonly Buffer[]): string {
  const root = subtrees.reduceRight<Buffer | undefined>(
    (right, left) => (right === undefined ? left : sha256(Uint8Array.of(1), left, right)),
    undefined,
  );
  return (root ?? sha256()).toString('base64');
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** T17: what stands in an export was written by whoever made it. */
function say(line: string): void {
  process.stdout.write(`${line.replace(/[\p{Cc}\p{Cf}]/gu, '?')}\n`);
}

function told(problem: string | undefined, what: string): boolean {
  say(problem === undefined ? `good: ${what}` : `BAD: ${problem}`);
  return problem === undefined;
}
