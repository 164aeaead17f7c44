// The policy file: YAML, every problem named at once. What it leaves out is the default.

import { parse as parseYaml } from 'yaml';
import { contradictionsIn } from './contradictions.js';
import { policyFileSchema } from './file.schema.js';
import { overDefaults } from './over-defaults.js';
import type { Policy } from './policy.js';

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
  if (result.success) {
    const policy = overDefaults(result.data, machineTimeZone);
    const problems = contradictionsIn(result.data, policy);
    return problems.length === 0 ? { kind: 'ok', policy } : { kind: 'invalid', problems };
  }
  return {
    kind: 'invalid',
    problems: result.error.issues.map((issue) =>
      issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
    ),
  };
}
