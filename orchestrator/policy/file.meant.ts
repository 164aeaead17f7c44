// Which key of the policy file somebody may have meant who wrote one that there is not.

import * as z from 'zod';
import type { Path } from './file.place.js';
import { policyFileSchema } from './file.schema.js';
import { nearestOf } from './nearest.js';

/** `; is it "away" that is meant?`, or nothing, of the keys that may stand in the same place. */
export function meantBy(key: string, place: Path): string {
  // Others write their keys in one word, with a capital where a new one begins.
  const word = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const near = nearestOf(word, keysAt(place)).map((each) => `"${each}"`);
  return near.length === 0 ? '' : `; is it ${near.join(' or ')} that is meant?`;
}

function keysAt(place: Path): readonly string[] {
  const schema = place.reduce<z.core.$ZodType | undefined>(
    (at, step) => within(bare(at), step),
    policyFileSchema,
  );
  const found = bare(schema);
  return found instanceof z.ZodObject ? Object.keys(found.shape) : [];
}

/** Without that it may be left out, and before it is made something else of. */
function bare(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional) return bare(schema.unwrap());
  return schema instanceof z.ZodPipe ? bare(schema.in) : schema;
}

function within(
  schema: z.core.$ZodType | undefined,
  step: PropertyKey,
): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  if (!(schema instanceof z.ZodObject)) return undefined;
  return (schema.shape as Record<PropertyKey, z.core.$ZodType | undefined>)[step];
}
