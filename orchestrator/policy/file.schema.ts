// What may stand in a policy file: every key, its kind and its bounds. Strict: an unknown key is an
// error, because it may be a misspelt restriction. docs/policy.md has a row for each.

import * as z from 'zod';
import { levels } from '../../conditions/confinement.js';
import { percentSignals, thermalWords, type PercentSignal } from '../../conditions/reading.js';
import { intrusions } from '../runs/intrusion.js';
import {
  duration,
  group,
  hold,
  percent,
  privateHost,
  publisher,
  ring,
  share,
  window,
} from './file.fields.js';
import { ASKED_MS_MAX } from './retry.js';
import { isTimeZone } from './zone.js';

/** A section of the file: it may be left out, and so may each of its keys. */
function section<T extends Record<string, z.ZodType>>(keys: T) {
  const optional = Object.fromEntries(
    Object.entries(keys).map(([name, kind]) => [name, kind.optional()]),
  ) as { [K in keyof T]: z.ZodOptional<T[K]> };
  return z.strictObject(optional).optional();
}

const limit = z.union([percent, z.literal('off')]);
const limits = Object.fromEntries(percentSignals.map((signal) => [signal, limit])) as Record<
  PercentSignal,
  typeof limit
>;
/** kB a second; a run that may take none is one that should not have started. */
const rate = z.union([z.number().min(1).max(1e9), z.literal('off')]);
const level = z.enum(intrusions);
const asked = z.enum(['on', 'off']);
const heat = z.enum(thermalWords);
const deadlineRule = section({ after: duration, grace: duration });
const count = (max: number) => z.number().int().min(1).max(max);
/** Shorter, and nobody could say it any more: least of all that everything has to stop. */
const orderLength = duration.refine((ms) => ms >= 60_000, 'is less than 1m: nobody could use it');
const scope = z.enum(['user-mode', 'driver', 'firmware', 'kernel', 'bios']);

export const policyFileSchema = z.strictObject({
  publishers: z.array(publisher).max(256).optional(),
  scopes: z.array(scope).optional(),
  confinement: z.enum(levels).optional(),
  holds: z.array(hold).max(256).optional(),
  orders: section({ hold: orderLength, veto: orderLength, pause_all: orderLength }),
  groups: z.array(group).max(64).optional(),
  rollout: section({ rings: z.array(ring).max(16), failures: count(1_000) }),
  waiting: section({
    away: duration,
    away_for_install: duration,
    away_to_resume: duration,
    between_resumes: duration,
    give_way: duration,
    app: duration,
    locked: duration,
    dark: duration,
    start_up: duration,
    set_up: duration,
    boot: duration,
    resume: duration,
    login: duration,
  }),
  time_zone: z
    .string()
    .max(64)
    .refine(isTimeZone, 'is not a time zone that this machine knows, such as Europe/Berlin')
    .optional(),
  windows: z.array(window).max(64).optional(),
  active_hours: z
    .strictObject({ from: z.number().int().min(0).max(23), to: z.number().int().min(1).max(24) })
    .refine(({ from, to }) => from !== to, {
      error: 'from and to are the same hour; all day is 0 to 24',
      when: ({ value }) => typeof (value as { from?: unknown }).from === 'number',
    })
    .optional(),
  deadlines: section({
    critical: deadlineRule.unwrap(),
    security: deadlineRule.unwrap(),
    others: deadlineRule.unwrap(),
  }),
  intrusion: section({ normal: level, due: level, overdue: level }),
  quiet_chance: section({ normal: share, due: share, overdue: share }),
  restarts: z.enum(['ask', 'allow']).optional(),
  restart_warning: duration.optional(),
  keep_awake: duration.optional(),
  slots: section({ change: count(16), fetch: count(16), small: count(16) }),
  quotas: section({ runs_per_minute: count(64), calls_per_minute: count(100_000) }),
  breaker: section({ failures: count(16), window: duration, pause: duration }),
  load: section(limits),
  attention: section({
    fullscreen: asked,
    inhibitor: asked,
    game: asked,
    call: asked,
    sharing: asked,
    playing: asked,
  }),
  heat: section({ change: heat, look: heat }),
  network: section({
    others_kb_per_s: z.number().min(0).max(1e9),
    kb_per_s: rate,
    engaged_kb_per_s: rate,
    metered_mb: z.number().min(0).max(1e9),
    metered_unknown_mb: z.number().min(0).max(1e9),
    private_hosts: z.array(privateHost).max(64),
  }),
  battery: section({ start: percent, continue: percent }),
  disk: section({
    free_min_mb: z.number().min(0).max(1e9),
    previous_versions: count(16),
    keep_withdrawn: duration,
    read_kb_per_s: rate,
    write_kb_per_s: rate,
  }),
  retry: section({
    first: duration,
    max: duration,
    install: duration,
    failures: count(100),
    give_up: duration,
    demoted_at: count(1_000),
    bad_content: duration,
    bad_content_max: duration,
    network_down: duration,
    asked_max: duration.refine(
      (ms) => ms <= ASKED_MS_MAX,
      'is more than 24h: no host passes it on',
    ),
    attempts: count(100),
  }),
});

export type PolicyFile = z.infer<typeof policyFileSchema>;
