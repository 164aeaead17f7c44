// An install root, from an ordinary directory over two commits and back to the first of them: the version
// that was promised is shown whole, or the one that was being made.

import {
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { testRun } from '../../../plugin-host/channel/hosted-run.testing.js';
import { createInstaller } from '../../../plugin-host/install/install.fs.js';
import { createLog } from '../../../runtime/log.js';
import type { Subject } from '../subject.js';

/** What is shown after each promise. */
const SHOWN = [1, 2, 3, 2] as const;
/** The run that makes each; a commit but for the revert. */
const REVERTS_AT = 3;

const rootIn = (directory: string): string => join(directory, 'opt/tools');

function filesOf(version: number): Record<string, string> {
  return {
    'bin/tool': `#!/bin/sh\necho ${String(version)}\n`,
    'lib/data': `${'x'.repeat(9_000)}${String(version)}`,
    'lib/same': 'the same in every version',
  };
}

async function writeTree(base: string, version: number): Promise<void> {
  for (const [path, content] of Object.entries(filesOf(version))) {
    await mkdir(dirname(join(base, path)), { recursive: true });
    await writeFile(join(base, path), content, { mode: 0o755 });
  }
  await symlink('data', join(base, 'lib/current'));
}

/** Makes what SHOWN has at `index`, in a run of its own. */
async function change(directory: string, index: number): Promise<void> {
  const installer = createInstaller({ log: createLog('power-cut', 'silent') });
  const workDir = join(directory, 'work');
  const run = testRun({
    runId: `run-${String(index)}`,
    workDir,
    artifactsDir: workDir,
    grants: {
      installRoots: [{ name: 'tools', path: rootIn(directory) }],
      egress: [],
      fetchPrefixes: [],
      operatorHosts: [],
    },
  });
  if (index === REVERTS_AT) {
    await installer.revert({ run, root: 'tools' });
    return;
  }
  await rm(join(workDir, 'staged'), { recursive: true, force: true });
  await writeTree(join(workDir, 'staged'), SHOWN[index] ?? 0);
  await installer.commit({ run, root: 'tools', stagedPath: 'staged' });
}

/** Everything that is shown, as one text. */
async function shownIn(directory: string): Promise<string> {
  const root = rootIn(directory);
  const paths = await readdir(root, { recursive: true });
  const lines = await Promise.all(
    paths.sort().map(async (path) => {
      const at = join(root, path);
      const stat = await lstat(at);
      if (stat.isDirectory()) return [];
      return [path, stat.isSymbolicLink() ? await readlink(at) : await readFile(at, 'utf8')];
    }),
  );
  return JSON.stringify(lines.filter((line) => line.length > 0));
}

function expected(version: number): string {
  const lines = [...Object.entries(filesOf(version)), ['lib/current', 'data']];
  return JSON.stringify(lines.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
}

export const install: Subject = {
  prepare: async (directory) => {
    await mkdir(join(directory, 'work'));
    await writeTree(rootIn(directory), SHOWN[0]);
  },
  write: async (directory, promised) => {
    for (let index = 1; index < SHOWN.length; index += 1) {
      await change(directory, index);
      promised(index);
    }
  },
  problems: async (directory, promised) => {
    const installer = createInstaller({ log: createLog('power-cut', 'silent') });
    await installer.recover(rootIn(directory));
    const may = [...new Set(SHOWN.slice(promised, promised + 2))];
    const shown = await shownIn(directory);
    if (!may.some((version) => shown === expected(version))) {
      return [`shows neither of ${may.join(', ')} whole: ${shown.slice(0, 200)}`];
    }
    // The run that was cut is repeated.
    if (promised + 1 >= SHOWN.length) return [];
    await change(directory, promised + 1);
    const then = SHOWN[promised + 1] ?? 0;
    return (await shownIn(directory)) === expected(then)
      ? []
      : [`the repeated run does not show ${String(then)}`];
  },
};
