// How a group stands in the bucket: its name as a key, and its semaphore as JSON.

import * as z from 'zod';
import { GROUPS_BUCKET } from '../../proto/subjects.js';
import type { Semaphore } from './semaphore.js';

const semaphoreSchema = z.object({
  max: z.number().int().nonnegative(),
  holders: z.array(z.object({ id: z.string(), sinceMs: z.number() })),
});

/** What stands there is left alone. */
export class UnreadableError extends Error {
  constructor(key: string, cause: unknown) {
    super(
      `what stands in ${GROUPS_BUCKET} for the key ${key} is no semaphore: delete the key when nobody has a place`,
      { cause },
    );
  }
}

/** @throws UnreadableError */
export function semaphoreIn(text: string, key: string): Semaphore {
  try {
    return semaphoreSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new UnreadableError(key, error);
  }
}

/** Any name as a key: what a key may not hold, and what would part it, by its number. */
export function keyOf(group: string): string {
  const bytes = [...Buffer.from(group)].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`;
  });
  return bytes.length === 0 ? '=' : bytes.join('');
}
