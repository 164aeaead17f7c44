// The values that a policy file is made of: durations, times of the day, publishers, windows, holds.

import * as z from 'zod';
import { keyIdOf } from '../../bundle/envelope.js';
import { quoted } from '../../bundle/value-words.js';
import { parseDuration } from '../../conditions/words.js';
import { automatic, parsePublicKey, type Publisher } from '../trust/publisher.js';
import type { PolicyHold } from './policy.js';
import { days, type Window } from './window.js';

/** Milliseconds. */
export const duration = z
  .string('is not a duration such as 30s, 4m, 2h')
  .transform((text, issues) => {
    const ms = parseDuration(text);
    if (ms !== undefined) return ms;
    issues.addIssue({
      code: 'custom',
      message: `${quoted(text)} is not a duration such as 30s, 4m, 2h`,
    });
    return z.NEVER;
  });

const clockPattern = /^([01]\d|2[0-3]):[0-5]\d$/;
/** The end of a day is a time too. */
const endPattern = /^(([01]\d|2[0-3]):[0-5]\d|24:00)$/;

function minutesOf(clock: string): number {
  const [hours = '0', minutes = '0'] = clock.split(':');
  return Number(hours) * 60 + Number(minutes);
}

export const percent = z.number().min(0).max(100);

export const share = z.number().min(0).max(1);

/** As a manifest spells its egress. */
export const privateHost = z
  .string()
  .max(255)
  .regex(
    /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/,
    'is not a host such as registry.corp.example or 10.0.0.5:8443',
  );

/** An id, or a prefix of ids that ends in ".*". */
const idPattern = z
  .string()
  .max(128)
  .regex(/^[a-z0-9.-]+(?:\.\*)?$/, 'is not an id or a prefix such as com.acme.*');

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'is not a name: a-z, 0-9 and hyphens, at most 63 of them');

const publicKey = z.string().transform((text, issues) => {
  const key = parsePublicKey(text);
  if (key !== undefined) return key;
  issues.addIssue({ code: 'custom', message: 'is not Ed25519, in base64 or PEM' });
  return z.NEVER;
});

export const publisher = z
  .strictObject({
    name,
    keys: z.array(publicKey).min(1).max(16),
    threshold: z.number().int().min(1).default(1),
    ids: z.array(idPattern).min(1).max(64),
    auto: z.enum(automatic).default('never'),
  })
  // T12: one key that is listed twice is one key. What else is wrong hides none of this.
  .refine(({ keys, threshold }) => threshold <= differentKeys(keys), {
    error: 'has fewer keys than its threshold',
    when: ({ value }) => ((value as Partial<Publisher>).keys?.length ?? 0) > 0,
  }) satisfies z.ZodType<Publisher>;

function isKey(key: unknown): key is Publisher['keys'][number] {
  return (key as { readonly type?: unknown }).type === 'public';
}

/** What is no key counts as one, so that it is told of once. */
function differentKeys(keys: readonly unknown[]): number {
  return new Set(keys.map((key, at) => (isKey(key) ? keyIdOf(key) : at))).size;
}

export const window = z
  .strictObject({
    days: z
      .array(z.enum(days))
      .min(1)
      .default([...days]),
    from: z.string().regex(clockPattern, 'is not a time such as 22:30'),
    to: z.string().regex(endPattern, 'is not a time such as 06:00'),
  })
  .refine(({ from, to }) => from !== to, {
    error: 'is empty: it opens and closes at the same time; all day is 00:00 to 24:00',
    when: ({ value }) => clockPattern.test(String((value as { from?: unknown }).from)),
  })
  .transform(({ days: on, from, to }): Window => ({
    days: on,
    fromMinute: minutesOf(from),
    toMinute: minutesOf(to),
  }));

/** An instant, ISO 8601 with its offset; a day alone begins at midnight UTC. */
const instant = z.string().transform((text, issues) => {
  const isInstant = /^\d{4}-\d{2}-\d{2}(T[\d:.]+(Z|[+-]\d{2}:\d{2}))?$/.test(text);
  const ms = isInstant && isDay(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  issues.addIssue({
    code: 'custom',
    message: `${quoted(text)} is not an instant such as 2027-01-31`,
  });
  return z.NEVER;
});

/** A 31st of February would be a day of March. */
function isDay(text: string): boolean {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
}

export const hold = z
  .strictObject({
    updater: idPattern,
    update: z.string().min(1).max(128).optional(),
    why: z.string().min(1).max(256),
    until: instant.optional(),
  })
  .transform(({ updater, update, why, until }): PolicyHold => ({
    updater,
    ...(update === undefined ? {} : { update }),
    why,
    untilMs: until ?? Number.POSITIVE_INFINITY,
  }));

export const ring = z
  .strictObject({
    name,
    percent: z.number().gt(0).max(100),
    soak: duration.optional(),
  })
  .transform(({ name, percent: share, soak }) => ({ name, percent: share, soakMs: soak ?? 0 }));

export const group = z
  .strictObject({
    name,
    hosts: z
      .array(
        z.string().regex(/^[A-Za-z0-9._-]{0,63}\*?$/, 'is not a name or a prefix such as till-*'),
      )
      .min(1)
      .max(256),
    at_once: z.number().int().min(1).max(100_000),
  })
  .transform(({ name, hosts, at_once: atOnceMax }) => ({ name, hosts, atOnceMax }));
