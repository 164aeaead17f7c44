// The key that signs checkpoints of this orchestrator's journals, and what it has signed.
//
// Invariants:
//   K1. Two checkpoints of one journal that contradict each other are not signed: a journal that lacks what was
//       signed of it was put back to an older copy, or was made anew.
//   K2. What is signed is kept first: a checkpoint that left the machine is known here.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { writeDurably } from '../../runtime/durable.fs.js';
import type { Head } from './chain.js';
import { signCheckpoint, verifierKey } from './checkpoint.js';
import type { Journal } from './journal.js';

export interface SignedCheckpoint {
  readonly note: string;
  /** What its signature is held against. */
  readonly key: string;
}

export interface Checkpoints {
  /** Why the journal is not the one that was signed, and from which entry on (K1); undefined: it is. */
  problem(
    journal: Pick<Journal, 'read'>,
  ): Promise<{ readonly atSequence: number; readonly why: string } | undefined>;
  /** @param verified what was recomputed of a journal that has no problem. */
  sign(
    journal: Pick<Journal, 'read'>,
    verified: { readonly head: Head; readonly root: Uint8Array },
  ): Promise<SignedCheckpoint>;
}

const signedSchema = z.record(
  z.string(),
  z.object({ sequence: z.number().int().nonnegative(), hash: z.string() }),
);

/** Nothing is read or made before it is asked for. */
export function checkpointsIn(stateDir: string): Checkpoints {
  const [keyFile, signedFile] = ['checkpoint-key.pem', 'checkpoints.json'].map((name) =>
    join(stateDir, name),
  ) as [string, string];
  let writing: Promise<unknown> = Promise.resolve();

  async function signedBefore(): Promise<z.infer<typeof signedSchema>> {
    const text = await readIfThere(signedFile);
    return text === undefined ? {} : signedSchema.parse(JSON.parse(text));
  }

  async function keep(origin: string, { sequence, hash }: Head): Promise<void> {
    const signed = await signedBefore();
    if ((signed[origin]?.sequence ?? 0) >= sequence) return;
    await writeDurably(signedFile, JSON.stringify({ ...signed, [origin]: { sequence, hash } }));
  }

  async function ownKey(): Promise<KeyObject> {
    const kept = await readIfThere(keyFile);
    if (kept !== undefined) return createPrivateKey(kept);
    const { privateKey } = generateKeyPairSync('ed25519');
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    await writeDurably(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return privateKey;
  }

  return {
    problem: async (journal) => {
      const { [await originOf(journal)]: signed } = await signedBefore();
      if (signed === undefined) return undefined;
      const [found] = await journal.read(signed.sequence, 1);
      if (found?.sequence === signed.sequence && found.hash === signed.hash) return undefined;
      const which = `entry ${String(signed.sequence)}`;
      const there = found === undefined ? 'is missing' : 'is another one';
      const why = `${which} ${there}, and a checkpoint of it was signed here: an older copy was put in its place, or another end. Where you restored a backup yourself, remove ${signedFile}`;
      return { atSequence: signed.sequence, why };
    },
    sign: (journal, { head, root }) => {
      const signing = writing.then(async () => {
        const origin = await originOf(journal);
        const key = await ownKey();
        await keep(origin, head); // K2
        const note = signCheckpoint({ origin, size: head.sequence, root }, key);
        return { note, key: verifierKey(createPublicKey(key)) };
      });
      writing = signing.catch(() => undefined); // Whoever asked is told; the next one tries anew.
      return signing;
    },
  };
}

async function originOf(journal: Pick<Journal, 'read'>): Promise<string> {
  const [first] = await journal.read(1, 1);
  return first?.hash ?? '';
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
