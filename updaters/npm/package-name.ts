// Names of npm packages, and what is derived from one.

/** Lower case, as the registry has taken them since 2015; older ones with capitals still exist. */
const pattern = /^(?:@[a-z0-9-][a-z0-9._-]*\/)?[a-z0-9-][a-z0-9._-]*$/i;
const NAME_BYTES_MAX = 100;
const ID_PREFIX = 'npm:';

/** T7: a name becomes a path and a URL, so it is a plain one or none. */
export function isPackageName(name: string): boolean {
  return name.length <= NAME_BYTES_MAX && pattern.test(name);
}

export function updateIdOf(name: string): string {
  return ID_PREFIX + name;
}

/** The name in an update's id; undefined for an id that this updater never gave. */
export function nameOfUpdate(id: string): string | undefined {
  if (!id.startsWith(ID_PREFIX)) return undefined;
  const name = id.slice(ID_PREFIX.length);
  return isPackageName(name) ? name : undefined;
}

/** One directory name for a package: "@scope/name" has a slash, and "+" is in no name. */
export function directoryNameOf(name: string): string {
  return name.replace('/', '+');
}

/** The document about a package, below the registry's address. */
export function documentUrl(registry: string, name: string): string {
  const base = registry.endsWith('/') ? registry : `${registry}/`;
  return base + name.replace('/', '%2f');
}
