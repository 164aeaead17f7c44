// A machine of its own for a moment: systemd as its first process, in namespaces, over the files of the
// machine that runs the tests. What is written there is gone with it; its network is a loopback.

import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Closeable } from '../../runtime/shutdown.js';
import { until } from '../../runtime/until.testing.js';
import { repositoryRoot } from '../architecture/tree.fs.js';

const run = promisify(execFile);
const BOOT_MS_MAX = 60_000;
const COMMAND_MS_MAX = 60_000;
export const SYSTEMD = '/lib/systemd/systemd';
const CGROUPS = '/sys/fs/cgroup';

/** What would only be in the way: logins, and whatever else the machine serves. */
const masked = ['getty.target', 'networking.service', 'docker.service', 'docker.socket'];

export interface SystemdBox extends Closeable {
  /** What a program says there. @throws when it fails. */
  exec(program: string, ...args: readonly string[]): Promise<string>;
  /** Starts a program that stays. */
  start(program: string, ...args: readonly string[]): void;
}

/** The hierarchies of control groups here, with the options that mount each. */
function hierarchies(): { at: string; type: string; options: string }[] {
  return readFileSync('/proc/self/cgroup', 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [, controllers = ''] = line.split(':');
      if (controllers === '') {
        const hybrid = existsSync(join(CGROUPS, 'unified'));
        return { at: hybrid ? 'unified' : '', type: 'cgroup2', options: '' };
      }
      const at = controllers.replace('name=', '');
      const options = controllers.startsWith('name=') ? `none,${controllers}` : controllers;
      return { at, type: 'cgroup', options };
    });
}

/** Boots it. @param directory for files that both sides see, at the same path. */
export async function bootSystemd(directory: string): Promise<SystemdBox> {
  const name = `lull-box-${String(process.pid)}`;
  const groups = hierarchies().map(({ at }) => join(CGROUPS, at, name));
  for (const group of groups) makeGroup(group);
  const tree = join(directory, 'lull');
  execFileSync(process.execPath, [join(repositoryRoot(), 'scripts/image-tree.mjs'), tree]);
  const script = join(directory, 'boot.sh');
  writeFileSync(script, bootScript(directory, tree), { mode: 0o700 });
  const namespaces = ['--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup', '--fork'];
  const child = spawn(
    '/bin/sh',
    ['-c', `${enter(groups)} exec unshare "$@"`, 'sh', ...namespaces, '--kill-child', script],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-10_000);
  });
  const exited = once(child, 'exit');
  const inside = (args: readonly string[]): string[] => {
    const children = `/proc/${String(child.pid)}/task/${String(child.pid)}/children`;
    const target = readFileSync(children, 'utf8').trim();
    if (target === '') throw new Error(`it ended: ${said}`);
    return ['--target', target, '--mount', '--pid', '--uts', '--ipc', '--net', '--cgroup', ...args];
  };
  const exec = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('nsenter', inside(args), { timeout: COMMAND_MS_MAX });
    return stdout;
  };
  const close = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
    for (const group of groups) await until(`${group} is empty`, () => isRemoved(group));
  };
  try {
    await until('systemd has booted', () => hasBooted(exec), {
      withinMs: BOOT_MS_MAX,
      everyMs: 200,
    });
  } catch (error) {
    await close();
    throw new Error(`systemd did not boot: ${said}`, { cause: error });
  }
  return {
    exec,
    start: (...args) => {
      spawn('nsenter', inside(args), { stdio: 'ignore' });
    },
    close,
  };
}

async function hasBooted(exec: SystemdBox['exec']): Promise<boolean> {
  try {
    return (await exec('systemctl', 'is-system-running')).includes('running');
  } catch (error) {
    // Of a unit that has nothing to do with Lull; or it is not that far yet.
    return String((error as { stdout?: unknown }).stdout).includes('degraded');
  }
}

function makeGroup(path: string): void {
  mkdirSync(path);
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const above = join(path, '..', file);
    // Of the first version: nobody may enter a set without processors.
    if (existsSync(above) && existsSync(join(path, 'cpuset.cpu_exclusive'))) {
      writeFileSync(join(path, file), readFileSync(above));
    }
  }
  const inherit = join(path, 'cgroup.clone_children');
  if (existsSync(inherit) && existsSync(join(path, 'cpuset.cpus'))) writeFileSync(inherit, '1');
}

/** Whoever has left it may be a moment from being gone; its own groups are removed with it. */
function isRemoved(path: string): boolean {
  try {
    execFileSync('find', [path, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', '+'], {
      stdio: 'ignore',
    });
  } catch {
    // Some are busy still.
  }
  try {
    rmdirSync(path);
  } catch {
    return !existsSync(path);
  }
  return true;
}

function enter(groups: readonly string[]): string {
  return groups.map((group) => `echo $$ >${join(group, 'cgroup.procs')};`).join(' ');
}

function bootScript(directory: string, tree: string): string {
  const mounts = hierarchies().map(({ at, type, options }) => {
    const path = join('$root', CGROUPS, at);
    return `mkdir -p ${path}; mount -t ${type} ${options === '' ? '' : `-o ${options} `}lull ${path}`;
  });
  return `#!/bin/sh
set -e
mount --make-rprivate /
disk=${join(directory, 'box')}
mkdir -p $disk; mount -t tmpfs -o size=50% tmpfs $disk
root=$disk/root
mkdir -p $disk/upper $disk/work $root
mount -t overlay overlay -o lowerdir=/,upperdir=$disk/upper,workdir=$disk/work $root
mount -t proc proc $root/proc
mount -t sysfs sysfs $root/sys
mount -t tmpfs -o mode=755 tmpfs $root${CGROUPS}
${mounts.join('\n')}
mount -t tmpfs -o mode=755 tmpfs $root/dev
for name in null zero full random urandom tty loop-control; do cp -a /dev/$name $root/dev/; done
cp -a /dev/loop[0-9]* $root/dev/
mkdir $root/dev/pts $root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts $root/dev/pts
ln -s pts/ptmx $root/dev/ptmx
ln -s /proc/self/fd $root/dev/fd
mount -t tmpfs tmpfs $root/dev/shm
mount -t tmpfs -o mode=755 tmpfs $root/run
mount -t tmpfs -o mode=1777 tmpfs $root/tmp
mkdir -p $root${directory} $root/opt/lull $root/etc/lull
mount --bind ${directory} $root${directory}
mount --bind ${tree} $root/opt/lull
ln -sf /opt/lull/dist/lull/main.js $root/usr/bin/lull
cp ${join(repositoryRoot(), 'deploy/systemd')}/*.service $root/etc/systemd/system/
for unit in ${masked.join(' ')}; do ln -sf /dev/null $root/etc/systemd/system/$unit; done
cd $root
mkdir left
pivot_root . left
umount -l /left
export container=lull
exec ${SYSTEMD} --system --unit=multi-user.target --log-target=null --show-status=no
`;
}
