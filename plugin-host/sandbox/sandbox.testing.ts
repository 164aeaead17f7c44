// What the tests of sandboxes have in common: a runtime in directories of its own, a launch of a
// script, and the look at what is left on the machine afterwards.

import { randomInt } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { cgroupLayout, hierarchies, parseMountinfo } from './hierarchy.js';
import { parentPath, type Priority } from './parent.cgroup.js';
import { inside, type Held, type Sandbox, type SandboxSpec } from './sandbox.js';
import { createSandboxRuntime, type SandboxRuntime } from './sandbox.runc.js';
import { SandboxError } from './sandbox-error.js';

/** Tests run side by side: each process of them has a uid of its own, to find what it left. */
export const fixtureUid = randomInt(200_000, 2_000_000_000);
const MIB = 1024 * 1024;

export interface SandboxFixture {
  readonly root: string;
  readonly runtime: SandboxRuntime;
  /** LULL_WORK as the host sees it. */
  readonly workDir: string;
  /** Launches `script` with Node.js from a bundle of its own. */
  launch(
    id: string,
    script: string,
    change?: Partial<SandboxSpec>,
    held?: Held,
    signal?: AbortSignal,
  ): Promise<Sandbox>;
  close(): Promise<void>;
}

/** The reason why sandboxes cannot be tested here, or undefined. */
export async function whyNoSandbox(): Promise<string | undefined> {
  const root = mkdtempSync(join(tmpdir(), 'lull-'));
  try {
    await (await openRuntime(root)).close();
    return undefined;
  } catch (error) {
    if (error instanceof SandboxError) return error.message;
    throw error;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

export function openRuntime(
  root: string,
  priority: Priority = 'normal',
  ociRuntime = 'runc',
): Promise<SandboxRuntime> {
  return createSandboxRuntime({
    stateDir: join(root, 'state'),
    runDir: join(root, 'run'),
    ociRuntime,
    // The machine is busy with other tests.
    priority,
    log: createLog('test', 'silent'),
  });
}

export async function openFixture(priority?: Priority): Promise<SandboxFixture> {
  const root = mkdtempSync(join(tmpdir(), 'lull-'));
  const runtime = await openRuntime(root, priority);
  return {
    root,
    runtime,
    workDir: join(root, 'work'),
    launch: (id, script, ...how) => launchScript(runtime, root, id, script, ...how),
    close: async () => {
      await runtime.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export async function launchScript(
  runtime: SandboxRuntime,
  root: string,
  id: string,
  script: string,
  change: Partial<SandboxSpec> = {},
  held?: Held,
  signal: AbortSignal = new AbortController().signal,
): Promise<Sandbox> {
  const dirs = await runtime.prepare(id, fixtureUid);
  const bundleDir = join(root, `bundle-${id}`);
  for (const dir of [bundleDir, join(root, 'work'), join(root, 'artifacts')]) {
    mkdirSync(dir, { recursive: true });
  }
  chownSync(join(root, 'work'), fixtureUid, fixtureUid);
  await writeFile(join(bundleDir, 'main.mjs'), script);
  const spec: SandboxSpec = {
    id,
    uid: fixtureUid,
    argv: ['node', 'main.mjs'],
    env: new Map([['LULL_WORK', inside.work]]),
    runtime: 'node',
    dirs,
    bundleDir,
    workDir: join(root, 'work'),
    artifactsDir: join(root, 'artifacts'),
    roots: [],
    limits: { memoryBytesMax: 512 * MIB, processesMax: 64, diskBytesMax: 64 * MIB },
    ...change,
  };
  return runtime.launch(spec, signal, held);
}

/** Content of `file` in the groups of a Lull with this root, from the first hierarchy with it. */
export function groupFile(
  root: string,
  file: string,
  which: 'parent' | 'child' = 'parent',
): string | undefined {
  return groupsOf(root)
    .flatMap((dir) => (which === 'parent' ? [dir] : subdirectories(dir)))
    .map((dir) => join(dir, file))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, 'utf8').trim())[0];
}

/** Control groups, mounts and processes that carry the mark of a Lull with this root. */
export function leftovers(root: string, uid = fixtureUid): string[] {
  const cgroupParent = parentPath(join(root, 'state'));
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(root));
  const processes = processesWhere(
    (commandLine, owner) =>
      commandLine.includes(root) || commandLine.includes(cgroupParent) || owner === String(uid),
  );
  return [...groupsOf(root), ...mounts, ...processes.map((pid) => `process ${pid}`)];
}

/** Ids of the processes that are there now and fit. */
export function processesWhere(fits: (commandLine: string, uid: string) => boolean): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const uid = /^Uid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';
      return fits(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), uid);
    } catch {
      // It ended between the list and the look.
      return false;
    }
  });
}

function subdirectories(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(dir, name));
}

function groupsOf(root: string): string[] {
  const layout = cgroupLayout(parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8')));
  return hierarchies(layout)
    .map((hierarchy) => join(hierarchy, parentPath(join(root, 'state'))))
    .filter((dir) => existsSync(dir));
}
