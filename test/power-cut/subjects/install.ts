// An install root, from an ordinary directory over two commits, of which the host takes the second back:
// the version that was promised is shown whole, or the one that was being made. The run that was cut is
// repeated, and what a Revert goes back to is whole as well.

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
import { createInstaller, type Installer } from '../../../plugin-host/install/install.fs.js';
import { createLog } from '../../../runtime/log.js';
import type { Subject } from '../subject.js';
import { treesAtOnce } from '../../../plugin-host/trees/at-once.testing.js';

/** What is shown after each promise. */
const SHOWN = [1, 2, 3, 2] as const;
/** The run that makes each; a commit but for the last, which is the host's own. */
const UNDOES_AT = 3;
/** Shown after a Revert that follows each: an undo was one already. */
const REVERTED = [1, 1, 2, 2] as const;

const rootIn = (directory: string): string => join(directory, 'opt/tools');

function installerOn(directory: string): Installer {
  const rootsFile = join(directory, 'install-roots.json');
  // Not in threads: the rig sees the steps of its own.
  const trees = treesAtOnce(() => undefined);
  return createInstaller({ log: createLog('power-cut', 'silent'), trees, rootsFile });
}

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

interface Changed {
  readonly reverts?: true;
  readonly onReceipt?: (id: string) => void;
}

/** Makes what SHOWN has at `index`, in a run of its own. */
async function change(directory: string, index: number, more: Changed = {}): Promise<void> {
  const installer = installerOn(directory);
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
  if (more.reverts === true) {
    await installer.revert({ run: { ...run, runId: 'back' }, root: 'tools' });
    return;
  }
  if (index === UNDOES_AT) {
    // The commit before answers with its receipt, and changes nothing.
    let receiptId = '';
    const onReceipt = (id: string): void => void (receiptId = id);
    await change(directory, index - 1, { onReceipt });
    await installer.undo({ run, receiptId, path: rootIn(directory) });
    return;
  }
  await rm(join(workDir, 'staged'), { recursive: true, force: true });
  await writeTree(join(workDir, 'staged'), SHOWN[index] ?? 0);
  const { id } = await installer.commit({ run, root: 'tools', stagedPath: 'staged' });
  more.onReceipt?.(id);
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
    // As the plugin-host does when it starts: by the roots that it knows of.
    await installerOn(directory).recoverAll();
    const may = [...new Set(SHOWN.slice(promised, promised + 2))];
    const shown = await shownIn(directory);
    if (!may.some((version) => shown === expected(version))) {
      return [`shows neither of ${may.join(', ')} whole: ${shown.slice(0, 200)}`];
    }
    // The run that was cut is repeated.
    if (promised + 1 >= SHOWN.length) return [];
    await change(directory, promised + 1);
    const then = SHOWN[promised + 1] ?? 0;
    if ((await shownIn(directory)) !== expected(then)) {
      return [`the repeated run does not show ${String(then)}`];
    }
    await change(directory, promised + 1, { reverts: true });
    const back = REVERTED[promised + 1] ?? 0;
    return (await shownIn(directory)) === expected(back)
      ? []
      : [`a Revert after that does not show ${String(back)} whole`];
  },
};
