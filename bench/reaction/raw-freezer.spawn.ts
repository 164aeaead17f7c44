// The raw writer on the control group of a sandbox that Lull made: the same processes, the same
// weights, without Lull on the way.

import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const program = fileURLToPath(new URL('./raw-freezer/main.js', import.meta.url));
const PER_SAMPLE_MS_MAX = 2_000;

/** The updater of `stampsFile` must be running. @returns latencies, ms. */
export async function freezeRaw(stampsFile: string, count: number): Promise<number[]> {
  const [freezer, frozen, thawed] = freezerOf(basename(stampsFile));
  const args = [program, freezer, frozen, thawed, stampsFile, String(count)];
  const options = { timeout: PER_SAMPLE_MS_MAX * (count + 10) };
  const { stdout } = await run(process.execPath, args, options);
  return JSON.parse(stdout) as number[];
}

/** The freezer of the group that holds the stamper: v2 where it can freeze, else v1. */
function freezerOf(stampsName: string): [file: string, frozen: string, thawed: string] {
  const groups = groupsOf(stamperOf(stampsName));
  for (const root of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    const file = join(root, groups.get('') ?? '', 'cgroup.freeze');
    if (existsSync(file)) return [file, '1', '0'];
  }
  const v1 = join('/sys/fs/cgroup/freezer', groups.get('freezer') ?? '', 'freezer.state');
  return [v1, 'FROZEN', 'THAWED'];
}

/** Hierarchy ("" is v2) → path of the group. */
function groupsOf(pid: string): ReadonlyMap<string, string> {
  const lines = readFileSync(`/proc/${pid}/cgroup`, 'utf8').trim().split('\n');
  return new Map(
    lines.map((line) => {
      const [, hierarchy = '', path = ''] = line.split(':');
      return [hierarchy, path];
    }),
  );
}

function stamperOf(stampsName: string): string {
  const pid = readdirSync('/proc').find(
    (entry) => /^\d+$/.test(entry) && commandLineOf(entry).includes(`/${stampsName}\0`),
  );
  if (pid === undefined) throw new Error(`no process stamps ${stampsName}`);
  return pid;
}

function commandLineOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}
