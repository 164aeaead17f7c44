// Whether a version asks for more than the one before: what no policy accepts without a person.

import type { Manifest } from './manifest.js';

/** What `after` asks for beyond `before`, in words; empty when it asks for no more. */
export function widening(before: Manifest, after: Manifest): string[] {
  return [
    ...added('action', before.actions, after.actions),
    ...added('host', before.egress, after.egress),
    ...added('URL prefix', before.fetch, after.fetch),
    ...added('install root', before.install_roots.map(rootOf), after.install_roots.map(rootOf)),
    ...added('writable root', before.roots.map(rootOf), after.roots.map(rootOf)),
    ...added('setting', before.settings.map(settingOf), after.settings.map(settingOf)),
    ...changed('scope', before.scope, after.scope),
    ...changed('runtime', before.runtime, after.runtime),
    ...raised('critical_max_s', before.critical_max_s, after.critical_max_s),
    ...limits.flatMap((name) => raised(`limits.${name}`, before.limits[name], after.limits[name])),
  ];
}

export const limits = ['memory_mb', 'processes', 'disk_mb', 'run_s'] as const;

export function rootOf({ name, path }: Manifest['install_roots'][number]): string {
  return `${name} (${path})`;
}

function settingOf({ name, kind }: Manifest['settings'][number]): string {
  return `${name} (${kind})`;
}

function added(what: string, before: readonly string[], after: readonly string[]): string[] {
  const had = new Set(before);
  return after.filter((each) => !had.has(each)).map((each) => `${what} ${each}`);
}

function changed(what: string, before: string, after: string): string[] {
  return before === after ? [] : [`${what} ${after} instead of ${before}`];
}

function raised(what: string, before: number, after: number): string[] {
  return after <= before ? [] : [`${what} ${String(after)} instead of ${String(before)}`];
}
