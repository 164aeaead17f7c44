// What may stand in a policy file: every key, its kind and its bounds. Strict: an unknown key is an
// error, because it may be a misspelt restriction.

import { z } from 'zod';
import { keyIdOf } from '../../bundle/envelope.js';
import { levels } from '../../conditions/confinement.js';
import { percentSignals, type PercentSignal } from '../../conditions/reading.js';
import { parsePublicKey, type Publisher } from '../trust/publisher.js';
import { intrusions } from '../runs/intrusion.js';
import { days, isTimeZone, type Window } from './window.js';

const DURATION_MS_MAX = 366 * 86_400_000;

const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const duration = z.string().transform((text, issues) => {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  const ms =
    match === null ? Number.NaN : Number(match[1]) * unitMs[match[2] as keyof typeof unitMs];
  if (Number.isNaN(ms) || ms > DURATION_MS_MAX) {
    issues.addIssue({ code: 'custom', message: `"${text}" is not a duration such as 30s, 4m, 2h` });
    return z.NEVER;
  }
  return ms;
});

const clockPattern = /^([01]\d|2[0-3]):[0-5]\d$/;

function minutesOf(clock: string): number {
  const [hours = '0', minutes = '0'] = clock.split(':');
  return Number(hours) * 60 + Number(minutes);
}

const percent = z.number().min(0).max(100);

const publisher = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    keys: z.array(z.string()).min(1).max(16),
    threshold: z.number().int().min(1).default(1),
    ids: z
      .array(z.string().regex(/^[a-z0-9.-]+(?:\.\*)?$/))
      .min(1)
      .max(64),
    auto: z.boolean().default(false),
  })
  .transform((given, issues): Publisher => {
    const keys = given.keys.flatMap((text) => {
      const key = parsePublicKey(text);
      if (key === undefined) {
        issues.addIssue({ code: 'custom', message: `a key of ${given.name} is not Ed25519` });
      }
      return key === undefined ? [] : [key];
    });
    // T12: one key that is listed twice is one key.
    if (given.threshold > new Set(keys.map(keyIdOf)).size) {
      issues.addIssue({
        code: 'custom',
        message: `${given.name} has fewer keys than its threshold`,
      });
    }
    return { ...given, keys };
  });

const load = z.strictObject(
  Object.fromEntries(
    percentSignals.map((signal) => [signal, z.union([percent, z.literal('off')]).optional()]),
  ) as Record<PercentSignal, z.ZodOptional<z.ZodUnion<[typeof percent, z.ZodLiteral<'off'>]>>>,
);

/** The file's shape; docs/policy.md has a row for each of its keys. */
const level = z.enum(intrusions);

const window = z
  .strictObject({
    days: z
      .array(z.enum(days))
      .min(1)
      .default([...days]),
    from: z.string().regex(clockPattern, 'is not a time such as 22:30'),
    to: z.string().regex(clockPattern, 'is not a time such as 06:00'),
  })
  .transform((given, issues): Window => {
    const [fromMinute, toMinute] = [minutesOf(given.from), minutesOf(given.to)];
    if (fromMinute === toMinute) {
      issues.addIssue({
        code: 'custom',
        message: `a window from ${given.from} to ${given.to} is empty`,
      });
    }
    return { days: given.days, fromMinute, toMinute };
  });

const deadlineRule = z.strictObject({ after: duration.optional(), grace: duration.optional() });

export const policyFileSchema = z.strictObject({
  publishers: z.array(publisher).max(256).optional(),
  scopes: z.array(z.enum(['user-mode', 'driver', 'firmware', 'kernel', 'bios'])).optional(),
  confinement: z.enum(levels).optional(),
  waiting: z
    .strictObject({
      away: duration.optional(),
      away_for_install: duration.optional(),
      away_to_resume: duration.optional(),
      start_up: duration.optional(),
      boot: duration.optional(),
      resume: duration.optional(),
      login: duration.optional(),
    })
    .optional(),
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'is not a time zone that this machine knows, such as Europe/Berlin')
    .optional(),
  windows: z.array(window).max(64).optional(),
  active_hours: z
    .strictObject({ from: z.number().int().min(0).max(23), to: z.number().int().min(1).max(24) })
    .refine(({ from, to }) => from < to, 'from has to be before to')
    .optional(),
  deadlines: z
    .strictObject({ security: deadlineRule.optional(), others: deadlineRule.optional() })
    .optional(),
  intrusion: z
    .strictObject({ normal: level.optional(), due: level.optional(), overdue: level.optional() })
    .optional(),
  restarts: z.enum(['ask', 'allow']).optional(),
  slots: z
    .strictObject({
      change: z.number().int().min(1).max(16).optional(),
      fetch: z.number().int().min(1).max(16).optional(),
      small: z.number().int().min(1).max(16).optional(),
    })
    .optional(),
  load: load.optional(),
  battery: z.strictObject({ start: percent.optional(), continue: percent.optional() }).optional(),
  disk: z.strictObject({ free_min_mb: z.number().min(0).max(1e9).optional() }).optional(),
  retry: z
    .strictObject({
      first: duration.optional(),
      install: duration.optional(),
      give_up: duration.optional(),
    })
    .optional(),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
export type LoadLimits = z.infer<typeof load>;
