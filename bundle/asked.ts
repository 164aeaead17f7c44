// What a manifest asks for, in words: what an operator accepts with it.

import type { Manifest } from './manifest.js';
import { limits, rootOf } from './widening.js';

/** Everything that accepting `manifest` permits, a line for each kind; in the words of `widening`. */
export function asked(manifest: Manifest): string[] {
  const { settings, install_roots: installRoots, roots, egress, fetch } = manifest;
  return [
    ...softwareOf(manifest),
    `scope ${manifest.scope}, runtime ${manifest.runtime}`,
    `actions ${manifest.actions.join(', ')}`,
    ...settings.map(({ name, kind, why }) => `setting ${name} (${kind}): ${why}`),
    ...installRoots.map((root) => `install root ${rootOf(root)}`),
    ...roots.map((root) => `writable root ${rootOf(root)}`),
    ...egress.map((each) => `host ${each}`),
    ...fetch.map((each) => `URL prefix ${each}`),
    ...(manifest.critical_max_s === 0 ? [] : [`critical_max_s ${String(manifest.critical_max_s)}`]),
    `limits ${limits.map((name) => `${name} ${String(manifest.limits[name])}`).join(', ')}`,
  ];
}

/** The first few say what it is about. */
const NAMED_MAX = 8;

function softwareOf({ software }: Manifest): string[] {
  if (software.length === 0) return [];
  const more = software.length - NAMED_MAX;
  const named = software.slice(0, NAMED_MAX).join(', ');
  return [`for ${named}${more > 0 ? `, and ${String(more)} more` : ''}`];
}
