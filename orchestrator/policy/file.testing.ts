// What comes of a policy file, for tests.

import { parsePolicy } from './file.parse.js';
import type { Policy } from './policy.js';

/** @throws with every problem. */
export function policyOf(text: string): Policy {
  const parsed = parsePolicy(text, 'UTC');
  if (parsed.kind === 'ok') return parsed.policy;
  throw new Error(parsed.problems.join('\n'));
}

export function problemsOf(text: string): readonly string[] {
  const parsed = parsePolicy(text, 'UTC');
  return parsed.kind === 'ok' ? [] : parsed.problems;
}
