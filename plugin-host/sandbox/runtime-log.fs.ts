// What an OCI runtime wrote into its log: one JSON object a line.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS_CHARS_MAX = 500;

export function logOf(bundleDir: string): string {
  return join(bundleDir, 'log');
}

/** What it said last; `otherwise` where it said nothing. */
export function lastWords(bundleDir: string, otherwise: string): string {
  const path = logOf(bundleDir);
  const lines = existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
  for (const line of lines.reverse()) {
    const message = messageOf(line);
    if (message !== undefined) return message.slice(0, WORDS_CHARS_MAX);
  }
  return otherwise.trim().slice(0, WORDS_CHARS_MAX) || 'the runtime gave no reason';
}

function messageOf(line: string): string | undefined {
  try {
    const entry = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return entry.level === 'error' && typeof entry.msg === 'string' ? entry.msg : undefined;
  } catch {
    // A line that was cut, or another runtime's format.
    return undefined;
  }
}
