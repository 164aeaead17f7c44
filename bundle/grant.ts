// What a manifest's requests come to once the operator has bound its settings.

import type { Manifest } from './manifest.js';

export type Settings = ReadonlyMap<string, string>;

export interface BoundGrants {
  readonly installRoots: readonly { readonly name: string; readonly path: string }[];
  /** Writable for what changes the machine; absent: none. */
  readonly roots?: readonly { readonly name: string; readonly path: string }[];
  /** Exactly "host:port", lower case. */
  readonly egress: readonly string[];
  readonly fetchPrefixes: readonly string[];
  /**
   * "host:port" of what the operator named, by a setting or in the policy: these may lie in an inner
   * network, and what a vendor wrote into the manifest may not (T13).
   */
  readonly operatorHosts: readonly string[];
}

/** Names of settings that the manifest declares and that have no usable value, with the problem. */
export function settingProblems(manifest: Manifest, settings: Settings): string[] {
  const problems = valueProblems(manifest, settings);
  return problems.length > 0
    ? problems
    : rootProblems(manifest.scope, bindGrants(manifest, settings));
}

/** For whoever gave others: which options of the command line there have to be. */
export function settingsTaken({ settings }: Manifest): string {
  const pairs = settings.map(({ name }) => `${name}=VALUE`);
  return pairs.length === 0 ? 'It takes no --set' : `It takes --set ${pairs.join(' ')}`;
}

/** A root is a directory of its own: nobody's who needs it to be what it is. */
function rootProblems(
  scope: Manifest['scope'],
  { installRoots, roots = [] }: Pick<BoundGrants, 'installRoots' | 'roots'>,
): string[] {
  const all = [...installRoots, ...roots];
  return all.flatMap(({ name, path }, at) => {
    if (!isPlainAbsolutePath(path)) return [`${name}: "${path}" is not a plain absolute path`];
    if (ofTheSystem.has(path) || path.split('/').length < 3) {
      return [`${name}: ${path} is the system's; bind a directory below it`];
    }
    const kernels = ofTheKernel.find((each) => isWithin(path, each));
    if (kernels !== undefined) return [`${name}: what is below ${kernels} is the kernel's`];
    if (scope === 'user-mode' && isBelowPrograms(path)) {
      return [`${name}: ${path} is no place for an updater of the scope user-mode`];
    }
    const other = all.slice(0, at).find((each) => overlaps(each.path, path));
    return other === undefined ? [] : [`${name}: ${path} overlaps ${other.path}`];
  });
}

/** What is wrong with the paths that a manifest names itself, whatever is bound to the others. */
export function namedRootProblems(manifest: Manifest): string[] {
  const named = ({ path }: { readonly path: string }): boolean => !path.startsWith('{');
  return rootProblems(manifest.scope, {
    installRoots: manifest.install_roots.filter(named),
    roots: manifest.roots.filter(named),
  });
}

/**
 * Roots of either kind that are, or lie in or around, a root of another updater: the one would replace
 * what the other installed.
 */
export function rootsShared({ manifest, settings }: BoundManifest, other: BoundManifest): string[] {
  const theirs = allRoots(other);
  return allRoots({ manifest, settings }).flatMap(({ name, path }) => {
    const shared = theirs.find((each) => overlaps(each.path, path));
    if (shared === undefined) return [];
    const where = shared.path === path ? 'is' : `overlaps ${shared.path},`;
    return [`${name}: ${path} ${where} a root of ${other.manifest.id}`];
  });
}

interface BoundManifest {
  readonly manifest: Manifest;
  readonly settings: Settings;
}

function allRoots({ manifest, settings }: BoundManifest): BoundGrants['installRoots'] {
  const { installRoots, roots = [] } = bindGrants(manifest, settings);
  return [...installRoots, ...roots];
}

const ofTheSystem: ReadonlySet<string> = new Set(
  ['bin', 'lib', 'lib64', 'libexec', 'local', 'local/bin', 'local/sbin', 'sbin', 'share']
    .map((each) => `/usr/${each}`)
    .concat(['/var/lib', '/var/log', '/var/cache', '/var/spool', '/var/tmp', '/run/user']),
);

const ofTheKernel = ['/proc', '/sys', '/dev'];

/**
 * What a machine starts from, whom it lets in, and what all programs share: a manifest that says
 * `user-mode` does not mean it. It is no list of everything; who accepts an updater sees the path.
 */
const belowPrograms = ['/lib', '/usr/lib']
  .flatMap((each) => ['modules', 'firmware', 'systemd'].map((name) => `${each}/${name}`))
  .concat(['/boot', '/efi', '/etc', '/root/.ssh', '/var/spool/cron', '/var/lib/dpkg'])
  .concat(['/var/lib/apt', '/var/lib/rpm', '/var/lib/systemd']);
/** "x86_64-linux-gnu": what Debian links programs with. */
const ofAnArchitecture = /^(?:\/usr)?\/lib\/[a-z0-9_]+-linux-gnu[a-z0-9_]*(?:\/|$)/;

function isBelowPrograms(path: string): boolean {
  return ofAnArchitecture.test(path) || belowPrograms.some((each) => isWithin(path, each));
}

/** Whether a change of one is a change of the other. */
export function overlaps(one: string, other: string): boolean {
  return isWithin(one, other) || isWithin(other, one);
}

function isWithin(path: string, of: string): boolean {
  return path === of || path.startsWith(`${of}/`);
}

function valueProblems(manifest: Manifest, settings: Settings): string[] {
  return manifest.settings.flatMap(({ name, kind }) => {
    const value = settings.get(name);
    if (value === undefined) return [`${name}: no value`];
    if (kind === 'path' && !isPlainAbsolutePath(value)) {
      return [`${name}: "${value}" is not a plain absolute path`];
    }
    if (kind === 'url' && !isWebUrl(value)) return [`${name}: "${value}" is not an http(s) URL`];
    return [];
  });
}

/**
 * Binds the settings. Call it only when `settingProblems` is empty.
 * @param privateHosts what the policy says of hosts in an inner network: "host", "host:port" or a URL.
 */
export function bindGrants(
  manifest: Manifest,
  settings: Settings,
  privateHosts: readonly string[] = [],
): BoundGrants {
  const value = (text: string): string => bound(text, settings);
  return {
    installRoots: boundRoots(manifest, settings),
    roots: manifest.roots.map(({ name, path }) => ({ name, path: value(path) })),
    egress: manifest.egress.map((text) => hostAndPort(value(text))),
    fetchPrefixes: manifest.fetch.map((text) => withSlash(value(text))),
    operatorHosts: [
      ...[...manifest.egress, ...manifest.fetch].filter((text) => text.startsWith('{')).map(value),
      ...privateHosts,
    ].map(hostAndPort),
  };
}

/** The install roots alone: what an update is written to. */
export function boundRoots(manifest: Manifest, settings: Settings): BoundGrants['installRoots'] {
  return manifest.install_roots.map(({ name, path }) => ({ name, path: bound(path, settings) }));
}

/** The hosts that `Fetch` may take from, as "host:port", once the operator has bound the settings. */
export function fetchHosts(manifest: Manifest, settings: Settings): string[] {
  const urls = manifest.fetch.map((text) => bound(text, settings));
  return urls.filter((url) => URL.canParse(url)).map(hostAndPort);
}

function bound(text: string, settings: Settings): string {
  return text.startsWith('{') ? (settings.get(text.slice(1, -1)) ?? '') : text;
}

function hostAndPort(text: string): string {
  const url = new URL(text.includes('://') ? text : `https://${text}`);
  const port = url.port === '' ? (url.protocol === 'http:' ? '80' : '443') : url.port;
  return `${url.hostname.toLowerCase()}:${port}`;
}

/** A prefix ends in a slash, so that "https://a.example" does not cover "https://a.example.evil". */
function withSlash(prefix: string): string {
  return prefix.endsWith('/') ? prefix : `${prefix}/`;
}

function isPlainAbsolutePath(path: string): boolean {
  return (
    path.length <= 4_096 &&
    path.startsWith('/') &&
    path !== '/' &&
    !path.includes('\0') &&
    path.split('/').every((part, index) => index === 0 || (part !== '' && !/^\.{1,2}$/.test(part)))
  );
}

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
