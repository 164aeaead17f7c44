// The policy file: YAML, every problem named at once. What it leaves out is the default.

import { parse as parseYaml } from 'yaml';
import { percentSignals, type PercentSignal } from '../../conditions/reading.js';
import { policyFileSchema, type LoadLimits, type PolicyFile } from './file.schema.js';
import { defaultPolicy, type DeadlineRule, type Policy } from './policy.js';

const FILE_CHARS_MAX = 256 * 1024;

export type ParsedPolicy =
  | { readonly kind: 'ok'; readonly policy: Policy }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** @param machineTimeZone where the file names none: the clock on this machine's wall. */
export function parsePolicy(text: string, machineTimeZone: string): ParsedPolicy {
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
  if (result.success) return { kind: 'ok', policy: overDefaults(result.data, machineTimeZone) };
  return {
    kind: 'invalid',
    problems: result.error.issues.map((issue) =>
      issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
    ),
  };
}

function overDefaults(file: PolicyFile, machineTimeZone: string): Policy {
  const base = defaultPolicy;
  return {
    ...base,
    publishers: file.publishers ?? base.publishers,
    scopes: file.scopes ?? base.scopes,
    confinement: file.confinement ?? base.confinement,
    waiting: {
      awayMs: file.waiting?.away ?? base.waiting.awayMs,
      awayForInstallMs: file.waiting?.away_for_install ?? base.waiting.awayForInstallMs,
      awayToResumeMs: file.waiting?.away_to_resume ?? base.waiting.awayToResumeMs,
      startUpMs: file.waiting?.start_up ?? base.waiting.startUpMs,
      bootMs: file.waiting?.boot ?? base.waiting.bootMs,
      resumeMs: file.waiting?.resume ?? base.waiting.resumeMs,
      loginMs: file.waiting?.login ?? base.waiting.loginMs,
    },
    timeZone: file.time_zone ?? machineTimeZone,
    windows: file.windows ?? base.windows,
    activeHours:
      file.active_hours === undefined
        ? base.activeHours
        : { fromHour: file.active_hours.from, toHour: file.active_hours.to },
    deadlines: {
      security: mergedDeadline(file.deadlines?.security, base.deadlines.security),
      others: mergedDeadline(file.deadlines?.others, base.deadlines.others),
    },
    intrusion: { ...base.intrusion, ...defined(file.intrusion) },
    restarts: file.restarts ?? base.restarts,
    slots: { ...base.slots, ...defined(file.slots) },
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

function mergedDeadline(
  given: { readonly after?: number | undefined; readonly grace?: number | undefined } | undefined,
  rule: DeadlineRule,
): DeadlineRule {
  return {
    deadlineMs: given?.after ?? rule.deadlineMs,
    graceMs: given?.grace ?? rule.graceMs,
  };
}

/** What was given, without what was left out. */
function defined<T extends object>(given: T | undefined): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(given ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

function mergedLoad(given: LoadLimits): Policy['load'] {
  const merged: Partial<Record<PercentSignal, number>> = {};
  for (const signal of percentSignals) {
    const value = given[signal] ?? defaultPolicy.load[signal];
    if (typeof value === 'number') merged[signal] = value;
  }
  return merged;
}
