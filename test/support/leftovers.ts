// What a Lull may not leave behind: processes, mounts, control groups, sockets, directories of
// sandboxes. Looked for by the marks of one stage, so that other Lulls on the machine don't matter.

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, type Dirent } from 'node:fs';
import { join } from 'node:path';
import { parentPath } from '../../plugin-host/sandbox/parent.cgroup.js';
import { pause } from '../../runtime/deadline.js';

const STEP_MS = 50;
/** A reaper looks on for 3 s after it has found nobody. */
const REAPED_MS_MAX = 15_000;

interface Places {
  readonly directory: string;
  readonly runDir: string;
  readonly stateDir: string;
}

/** Everything that is there now. */
export function leftovers(places: Places): string[] {
  return [
    ...processesOf(places).map(nameOf),
    ...mountsBelow(places.directory).map((path) => `mount ${path}`),
    ...groupsOf(places).map((path) => `cgroup ${path}`),
    ...inRunDir(places.runDir),
  ];
}

/** The same where a Lull was killed, whose reaper looks on for a while. */
export function leftoversAfterKill(places: Places): Promise<string[]> {
  return leftoversAfter(places, REAPED_MS_MAX);
}

/** The same after a while: looks again until nothing is left, or `msMax` is over. */
export function leftoversAfter(places: Places, msMax: number): Promise<string[]> {
  return goneAfter(() => leftovers(places), msMax);
}

/** The processes alone: what else a Lull leaves that was killed stays until its next start. */
export function processesAfterKill(places: Places): Promise<string[]> {
  return goneAfter(() => processesOf(places).map(nameOf), REAPED_MS_MAX);
}

async function goneAfter(look: () => string[], msMax: number): Promise<string[]> {
  const deadlineMs = performance.now() + msMax;
  for (;;) {
    const found = look();
    if (found.length === 0 || performance.now() > deadlineMs) return found;
    await pause(STEP_MS);
  }
}

/** Processes in the stage's control groups: the updaters and what they started. */
export function updaterProcesses(places: Places): number[] {
  const group = groupOf(places);
  return pids().filter((pid) => read(pid, 'cgroup').includes(group) && !isOver(pid));
}

/** Processes whose command line has this in it. */
export function processesNaming(text: string): number[] {
  return pids().filter((pid) => commandLineOf(pid).includes(text) && !isOver(pid));
}

export function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path === directory || path.startsWith(`${directory}/`));
}

/** Sockets, and the directories that sandboxes have while they run. */
function inRunDir(runDir: string): string[] {
  const found: string[] = [];
  for (const entry of entriesOf(runDir)) {
    const path = join(runDir, entry.name);
    if (entry.isSocket()) found.push(`socket ${path}`);
    else found.push(`${entry.isDirectory() ? 'directory' : 'file'} ${path}`);
  }
  return found;
}

function processesOf(places: Places): number[] {
  const group = groupOf(places);
  return pids().filter((pid) => {
    const line = commandLineOf(pid);
    const isTheirs =
      line.includes(places.directory) ||
      line.includes(group) ||
      read(pid, 'cgroup').includes(group);
    return isTheirs && !isOver(pid);
  });
}

/** It has ended, and the machine's first process has not noticed yet. */
function isOver(pid: number): boolean {
  const [, state = ''] = /.*\) (\S)/s.exec(read(pid, 'stat')) ?? [];
  return state === '' || state === 'Z' || state === 'X';
}

/** As the plugin-host names the parent of its groups: by the directory of its state. */
function groupOf({ stateDir }: Places): string {
  return parentPath(join(stateDir, 'plugin-host'));
}

function groupsOf(places: Places): string[] {
  const root = '/sys/fs/cgroup';
  const hierarchies = [root, ...entriesOf(root).map(({ name }) => join(root, name))];
  return hierarchies.map((dir) => join(dir, groupOf(places))).filter((dir) => existsSync(dir));
}

/** Removes what is empty of the stage's control groups. */
export function removeGroups(places: Places): void {
  for (const parent of groupsOf(places)) {
    const children = entriesOf(parent).filter((entry) => entry.isDirectory());
    for (const dir of [...children.map(({ name }) => join(parent, name)), parent]) {
      try {
        rmdirSync(dir);
      } catch {
        // Somebody is still in it: that is for the test to complain about.
      }
    }
  }
}

/** Unmounts what updaters write into, each of which is a file system of its own. */
export function unmountWork({ stateDir, runDir }: Pick<Places, 'stateDir' | 'runDir'>): void {
  for (const dir of [join(stateDir, 'plugin-host/updaters'), join(runDir, 's')]) {
    for (const path of mountsBelow(dir)) execFileSync('umount', [path]);
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function nameOf(pid: number): string {
  return `process ${String(pid)} ${commandLineOf(pid)}`;
}

function commandLineOf(pid: number): string {
  return read(pid, 'cmdline').replaceAll('\0', ' ').trim();
}

/** '' for a process that ended between the list and the look. */
function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function entriesOf(dir: string): Dirent[] {
  return existsSync(dir) ? readdirSync(dir, { withFileTypes: true }) : [];
}
