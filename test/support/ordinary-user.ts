// An ordinary user who may run Lull: an account with user ids to give away, and a control group of version
// 2 that is delegated to it. Both are there in a mount namespace of the test's own alone: no file of this
// machine is written, and where it mixes versions of control groups, version 2 alone is seen there.

import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningLull } from '../../harness/lull.spawn.js';
import type { Stage } from './stage.js';
import { until } from './told.js';
import { versionTwo } from './version-two.js';

const NAME = 'lull-test';
const UID = 64_321;
/** The first of those that it may give away. */
const FIRST_ID = 2_100_000_000;
const IDS = 65_536;

export interface OrdinaryUser {
  readonly uid: number;
  /** The control group that is delegated to it. */
  readonly groupDir: string;
  /** `lull up` on this stage, all of which is given to it before. */
  start(stage: Stage, args?: readonly string[]): Promise<RunningLull>;
  /** Who runs as one of the ids that it gives away: updaters, and what they started. */
  updaters(): readonly number[];
  /** Everybody in the delegated group, and in those below. */
  processes(): readonly number[];
}

// $1: name of the group, $2: directory of the account's files, $3: its uid.
const SCRIPT = `
set -e
while umount -R -l /sys/fs/cgroup 2>/dev/null; do :; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for file in passwd group subuid subgid; do mount --bind "$2/$file" "/etc/$file"; done
echo $$ > "/sys/fs/cgroup/$1/cgroup.procs"
group=$1 files=$2 uid=$3
shift 3
exec setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME="$files/home" "$@"
`;

/** Lends one to `play`, and takes back all that it had. */
export async function asOrdinaryUser(play: (user: OrdinaryUser) => Promise<void>): Promise<void> {
  const files = mkdtempSync(join(tmpdir(), 'lull-u-'));
  const groupName = `lull-test-${String(process.pid)}`;
  const groupDir = join(versionTwo() ?? '', groupName);
  const user: OrdinaryUser = {
    uid: UID,
    groupDir,
    start: async (stage, args = []) => {
      if (user.processes().length === 0) await delegate(groupDir);
      execFileSync('chmod', ['755', stage.directory]);
      execFileSync('chown', ['-R', `${String(UID)}:${String(UID)}`, stage.directory]);
      const through = ['unshare', '--mount', 'sh', '-c', SCRIPT, 'sh', groupName, files];
      return stage.start(args, process.env, [...through, String(UID)]);
    },
    updaters: () => pids().filter((pid) => uidOf(pid) >= FIRST_ID && uidOf(pid) < FIRST_ID + IDS),
    processes: () => groupsFrom(groupDir).flatMap(pidsIn),
  };
  makeAccount(files);
  await delegate(groupDir);
  try {
    await play(user);
  } finally {
    writeFileSync(join(groupDir, 'cgroup.kill'), '1');
    await until('nobody in its group', () => user.processes().length === 0 || undefined);
    await removeGroups(groupDir);
    rmSync(files, { recursive: true });
  }
}

/** The machine's files, with one account more. */
function makeAccount(dir: string): void {
  const id = String(UID);
  for (const [file, line] of [
    ['passwd', `${NAME}:x:${id}:${id}::${dir}/home:/bin/sh`],
    ['group', `${NAME}:x:${id}:`],
    ['subuid', `${NAME}:${String(FIRST_ID)}:${String(IDS)}`],
    ['subgid', `${NAME}:${String(FIRST_ID)}:${String(IDS)}`],
  ] as const) {
    const [from, to] = [join('/etc', file), join(dir, file)];
    if (existsSync(from)) copyFileSync(from, to);
    appendFileSync(to, `${line}\n`);
  }
  execFileSync('chmod', ['755', dir]);
  mkdirSync(join(dir, 'home'));
  chownSync(join(dir, 'home'), UID, UID);
}

/** As systemd does it at each start: anew, with nothing of whoever was there before. */
async function delegate(dir: string): Promise<void> {
  await removeGroups(dir);
  mkdirSync(dir);
  const files = ['cgroup.procs', 'cgroup.subtree_control', 'cgroup.threads'];
  for (const path of [dir, ...files.map((file) => join(dir, file))]) chownSync(path, UID, UID);
}

/** The kernel calls a group busy for a moment after its last process was seen no more. */
async function removeGroups(dir: string): Promise<void> {
  await until('the groups are removed', () => {
    try {
      for (const each of groupsFrom(dir).reverse()) rmdirSync(each);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') throw error;
      return undefined;
    }
  });
}

function groupsFrom(dir: string): string[] {
  if (!existsSync(dir)) return [];
  const below = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [dir, ...below.flatMap(({ name }) => groupsFrom(join(dir, name)))];
}

function pidsIn(group: string): number[] {
  return readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** NaN for a process that ended between the list and the look. */
function uidOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/^Uid:\s*(\d+)/m.exec(status)?.[1]);
  } catch {
    return Number.NaN;
  }
}
