// Entries as messages of a stream: all that was appended together in one, so that it is stored whole
// or not at all; cut into several only where a server would not take it.

import * as z from 'zod';
import type { StoredEntry } from './chain.js';

const sequence = z.number().int().positive();

const entrySchema = z.strictObject({
  sequence,
  atMs: z.number(),
  body: z.string(),
  hash: z.string().length(64),
});

const VERSION = 1;

const messageSchema = z.strictObject({
  version: z.literal(VERSION),
  entries: z.array(entrySchema).min(1),
});

const laterSchema = z.object({ version: z.number().gt(VERSION) });

/** A message that is none of ours. */
export class MessageError extends Error {}

/** A message of a version that came later. */
export class NewerMessageError extends MessageError {}

/** @throws RangeError when a single entry is larger than `bytesMax`. */
export function messagesOf(entries: readonly StoredEntry[], bytesMax: number): Uint8Array[] {
  if (entries.length === 0) return [];
  const whole = Buffer.from(JSON.stringify({ version: VERSION, entries }));
  if (whole.length <= bytesMax) return [whole];
  if (entries.length === 1) {
    throw new RangeError(
      `an entry takes ${String(whole.length)} bytes, the server accepts ${String(bytesMax)}`,
    );
  }
  const half = entries.length >> 1;
  return [
    ...messagesOf(entries.slice(0, half), bytesMax),
    ...messagesOf(entries.slice(half), bytesMax),
  ];
}

export function entriesIn(message: Uint8Array): readonly [StoredEntry, ...StoredEntry[]] {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(message).toString('utf8'));
  } catch (error) {
    throw new MessageError('it is not JSON', { cause: error });
  }
  const later = laterSchema.safeParse(value);
  if (later.success) {
    const which = `the journal has a message of version ${String(later.data.version)}, and this Lull reads version ${String(VERSION)}`;
    throw new NewerMessageError(`${which}: a newer one wrote it. Start a version that is as new.`);
  }
  const parsed = messageSchema.safeParse(value);
  if (!parsed.success) throw new MessageError(z.prettifyError(parsed.error));
  return parsed.data.entries as [StoredEntry, ...StoredEntry[]];
}
