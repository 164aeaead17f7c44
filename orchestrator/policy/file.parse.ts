// The policy file: YAML, strict, every problem named at once. What it leaves out is the default.

import { z } from 'zod';
import { parse as parseYaml } from 'yaml';
import { keyIdOf } from '../../bundle/envelope.js';
import { percentSignals, type PercentSignal } from '../../conditions/reading.js';
import { parsePublicKey, type Publisher } from '../trust/publisher.js';
import { defaultPolicy, type Policy } from './policy.js';

const FILE_CHARS_MAX = 256 * 1024;
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
export const policyFileSchema = z.strictObject({
  publishers: z.array(publisher).max(256).optional(),
  scopes: z.array(z.enum(['user-mode', 'driver', 'firmware', 'kernel', 'bios'])).optional(),
  waiting: z
    .strictObject({
      away: duration.optional(),
      away_for_install: duration.optional(),
      away_to_resume: duration.optional(),
      start_up: duration.optional(),
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

export type ParsedPolicy =
  | { readonly kind: 'ok'; readonly policy: Policy }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export function parsePolicy(text: string): ParsedPolicy {
  if (text.length > FILE_CHARS_MAX) {
    return { kind: 'invalid', problems: [`longer than ${String(FILE_CHARS_MAX)} characters`] };
  }
  let yaml: unknown;
  try {
    yaml = parseYaml(text, { maxAliasCount: 100 }) ?? {};
  } catch (error) {
    return { kind: 'invalid', problems: [`not YAML: ${(error as Error).message}`] };
  }
  const result = policyFileSchema.safeParse(yaml);
  if (result.success) return { kind: 'ok', policy: overDefaults(result.data) };
  return {
    kind: 'invalid',
    problems: result.error.issues.map((issue) =>
      issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
    ),
  };
}

function overDefaults(file: z.infer<typeof policyFileSchema>): Policy {
  const base = defaultPolicy;
  return {
    ...base,
    publishers: file.publishers ?? base.publishers,
    scopes: file.scopes ?? base.scopes,
    waiting: {
      awayMs: file.waiting?.away ?? base.waiting.awayMs,
      awayForInstallMs: file.waiting?.away_for_install ?? base.waiting.awayForInstallMs,
      awayToResumeMs: file.waiting?.away_to_resume ?? base.waiting.awayToResumeMs,
      startUpMs: file.waiting?.start_up ?? base.waiting.startUpMs,
    },
    load: mergedLoad(file.load ?? {}),
    battery: {
      startPercent: file.battery?.start ?? base.battery.startPercent,
      continuePercent: file.battery?.continue ?? base.battery.continuePercent,
    },
    disk: {
      ...base.disk,
      freeBytesMin:
        file.disk?.free_min_mb === undefined
          ? base.disk.freeBytesMin
          : file.disk.free_min_mb * 1_000_000,
    },
    retry: {
      ...base.retry,
      firstMs: file.retry?.first ?? base.retry.firstMs,
      installMs: file.retry?.install ?? base.retry.installMs,
      giveUpMs: file.retry?.give_up ?? base.retry.giveUpMs,
    },
  };
}

function mergedLoad(given: z.infer<typeof load>): Policy['load'] {
  const merged: Partial<Record<PercentSignal, number>> = {};
  for (const signal of percentSignals) {
    const value = given[signal] ?? defaultPolicy.load[signal];
    if (typeof value === 'number') merged[signal] = value;
  }
  return merged;
}
