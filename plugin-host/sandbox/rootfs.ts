// The file system that an updater sees: the host's programs read-only, a handful of /etc, its own
// directories, and nothing else. No home, no /var, no /run, no /sys.

import type { GroupFeatures } from './limits.js';
import { inside, type SandboxSpec } from './sandbox.js';

/** What has to be known of the host; gathered once by facts.fs.ts. */
export interface HostFacts {
  /** /bin, /sbin, /lib…: links into /usr, or directories of their own. */
  readonly topLevel: readonly { readonly path: string; readonly linkTo: string | undefined }[];
  /** Those of `hostEtc` that exist. */
  readonly etc: readonly HostPath[];
  /** Mount points below /usr: a bind of /usr does not bring them along. */
  readonly mountsBelowUsr: readonly string[];
  /** The Node.js that Lull runs on, where it is not below /usr. */
  readonly node: { readonly executable: string; readonly npm: string | undefined } | undefined;
  /** Whether the kernel says that it makes user namespaces. */
  readonly userNamespaces: boolean;
  /** Hard limit on open files: nobody can be given more. */
  readonly openFilesMax: number;
  readonly processors: number;
  readonly groups: GroupFeatures;
}

export interface HostPath {
  readonly path: string;
  readonly directory: boolean;
}

/** Public configuration that programs expect: certificates, alternatives, the linker's cache. */
export const hostEtc = [
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/etc/ca-certificates',
  '/etc/pki/tls/certs',
  '/etc/pki/ca-trust',
  '/etc/alternatives',
  '/etc/ld.so.cache',
] as const;

export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface Rootfs {
  readonly directories: readonly string[];
  readonly links: readonly { readonly path: string; readonly target: string }[];
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly mounts: readonly Mount[];
}

const COUNTERS = '/etc/proc-stat';
const TMP_BYTES_MAX = 64 * 1024 * 1024;
const TMP_FILES_MAX = 16_384;

/**
 * @param rootPaths install roots that exist; one that does not is shown as an empty directory.
 * @param showcase where those that are not written are mounted, to be changed under way.
 */
export function planRootfs(
  spec: SandboxSpec,
  facts: HostFacts,
  rootPaths: ReadonlySet<string>,
  showcase?: string,
): Rootfs {
  const node = spec.runtime === 'node' ? nodeTree(facts.node) : { binds: [], links: [] };
  const links = facts.topLevel.flatMap(({ path, linkTo }) =>
    linkTo === undefined ? [] : [{ path, target: linkTo }],
  );
  const programs: HostPath[] = [
    { path: '/usr', directory: true },
    ...facts.mountsBelowUsr.map((path) => ({ path, directory: true })),
    ...facts.topLevel.flatMap(({ path, linkTo }) =>
      linkTo === undefined ? [{ path, directory: true }] : [],
    ),
    ...facts.etc,
    ...node.binds,
  ];
  const shownRoots = spec.roots.filter(
    (root) => rootPaths.has(root.path) && (showcase === undefined || !isInstallRoot(root)),
  );
  return {
    directories: [
      // Not /tmp: a runtime gives a tmpfs the mode of the directory that it covers.
      ...['/proc', '/dev', '/etc', ...Object.values(inside)],
      ...programs.flatMap(({ path, directory }) => [directory ? path : parentOf(path)]),
      ...spec.roots.map(({ name }) => `${inside.roots}/${name}`),
    ],
    links: [...links, ...node.links],
    files: [
      ...etcFiles(spec.uid),
      { path: COUNTERS, text: countersOf(facts.processors) },
      ...programs.flatMap(({ path, directory }) => (directory ? [] : [{ path, text: '' }])),
    ],
    mounts: [
      ...kernelMounts(spec),
      bind(`${spec.dirs.rootDir}${COUNTERS}`, '/proc/stat', 'ro', 'noexec'),
      ...programs.map(({ path }) => bind(path, path, 'ro')),
      bind(spec.bundleDir, inside.bundle, 'ro'),
      bind(spec.workDir, inside.work, 'rw'),
      bind(spec.artifactsDir, inside.artifacts, 'ro'),
      // Sockets alone.
      bind(spec.dirs.channelDir, inside.channel, 'rw', 'noexec'),
      bind(spec.dirs.hostDir, inside.host, 'ro', 'noexec'),
      ...(showcase === undefined ? [] : [comeUp(showcase, inside.roots)]),
      ...shownRoots.map(({ name, path, writable }) =>
        bind(path, `${inside.roots}/${name}`, writable === true ? 'rw' : 'ro'),
      ),
    ],
  };
}

function kernelMounts(spec: SandboxSpec): Mount[] {
  const tmpBytes = Math.min(spec.limits.diskBytesMax, TMP_BYTES_MAX);
  const plain = ['nosuid', 'nodev'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: [...plain, 'noexec'] },
    // The runtime adds its default devices: null, zero, full, random, urandom, tty.
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'noexec', 'mode=755', 'size=64k'],
    },
    {
      destination: '/tmp',
      type: 'tmpfs',
      source: 'tmpfs',
      // T20: its bytes count as the sandbox's memory, its names are bounded here.
      options: [
        ...plain,
        'mode=1777',
        `size=${String(tmpBytes)}`,
        `nr_inodes=${String(TMP_FILES_MAX)}`,
      ],
    },
  ];
}

/** What `Commit` replaces, and no run writes. */
export function isInstallRoot({ writable }: SandboxSpec['roots'][number]): boolean {
  return writable === undefined;
}

/** With all that is mounted in it, now and later. */
function comeUp(source: string, destination: string): Mount {
  const options = ['rbind', 'rslave', 'nosuid', 'nodev', 'noexec', 'ro'];
  return { destination, type: 'bind', source, options };
}

/** Not recursive: what is mounted below the source on the host stays out of sight. */
export function bind(
  source: string,
  destination: string,
  access: 'ro' | 'rw',
  ...more: readonly 'noexec'[]
): Mount {
  const options = ['bind', 'nosuid', 'nodev', access, ...more];
  return { destination, type: 'bind', source, options };
}

/**
 * The executable and npm, file by file. What else lies beside them stays out: an installation in
 * ~/.local would bring a person's files along.
 */
function nodeTree(node: HostFacts['node']): {
  binds: HostPath[];
  links: { path: string; target: string }[];
} {
  if (node === undefined) return { binds: [], links: [] };
  const bin = parentOf(node.executable);
  const npm = node.npm;
  if (npm === undefined) return { binds: [{ path: node.executable, directory: false }], links: [] };
  return {
    binds: [
      { path: node.executable, directory: false },
      { path: npm, directory: true },
    ],
    links: [
      { path: `${bin}/npm`, target: `${npm}/bin/npm-cli.js` },
      { path: `${bin}/npx`, target: `${npm}/bin/npx-cli.js` },
    ],
  };
}

/**
 * In place of /proc/stat, which programs count processors by: that one counts every interrupt, so every key
 * that a person strikes (T3), and how busy the machine is.
 */
function countersOf(processors: number): string {
  const none = '0 0 0 0 0 0 0 0 0 0';
  const each = Array.from({ length: processors }, (_, at) => `cpu${String(at)} ${none}\n`).join('');
  return `cpu  ${none}\n${each}intr 0\nctxt 0\nbtime 0\nprocesses 0\nprocs_running 1\nprocs_blocked 0\n`;
}

function etcFiles(uid: number): { path: string; text: string }[] {
  const id = String(uid);
  return [
    {
      path: '/etc/passwd',
      text: `root:x:0:0:root:/:/usr/sbin/nologin\nupdater:x:${id}:${id}::${inside.work}:/bin/sh\n`,
    },
    { path: '/etc/group', text: `root:x:0:\nupdater:x:${id}:\n` },
    { path: '/etc/hosts', text: '127.0.0.1 localhost\n::1 localhost\n' },
    {
      path: '/etc/nsswitch.conf',
      text: 'passwd: files\ngroup: files\nhosts: files\n',
    },
  ];
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
