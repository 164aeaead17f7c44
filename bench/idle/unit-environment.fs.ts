// What the units for systemd give Lull beside the operator's own settings.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const units = new URL('../../../deploy/systemd/', import.meta.url);

/** @param parts of one process; none: all. */
export function unitEnvironment(parts: readonly string[]): Readonly<Record<string, string>> {
  const name = ['lull', ...parts].join('-').replace(/-service$/, '');
  const text = readFileSync(fileURLToPath(new URL(`${name}.service`, units)), 'utf8');
  const lines = text.matchAll(/^Environment=(\w+)=(\S+)$/gm);
  return Object.fromEntries([...lines].map(([, key = '', value = '']) => [key, value]));
}
