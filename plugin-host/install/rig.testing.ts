// An install root in a directory of its own, and an installer for it.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createLog } from '../../runtime/log.js';
import { testRun, type TestRun } from '../channel/hosted-run.testing.js';
import type { Trees } from '../trees/trees.loop.js';
import type { Exchange } from './exchange.spawn.js';
import { createInstaller, type Installer } from './install.fs.js';
import type { Receipt } from './receipts.fs.js';

export interface Rig {
  readonly dir: string;
  readonly root: string;
  /** Where the root's versions lie. */
  readonly versions: string;
  readonly installer: Installer;
  /** Another process takes over. */
  restart(): void;
  newRun(runId: string, changes?: Partial<TestRun>): TestRun;
  write(base: string, files: Record<string, string>): Promise<void>;
  /** Makes a staged tree of these files and answers where it is. */
  stage(files: Record<string, string>, name?: string): Promise<string>;
  /** Commits these files, in a run of their own. */
  commit(runId: string, files: Record<string, string>, run?: TestRun): Promise<Receipt>;
  /** What a person reads at a path below the root. */
  shown(path: string): Promise<string>;
  versionNames(): Promise<string[]>;
  close(): Promise<void>;
}

export async function openRig(options: {
  readonly trees: Trees;
  readonly exchange?: Exchange;
}): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'lull-install-'));
  const root = join(dir, 'opt', 'tools');
  const versions = join(dir, 'opt', '.tools.lull');
  await mkdir(join(dir, 'opt'));
  await mkdir(join(dir, 'work'));
  const rootsFile = join(dir, 'install-roots.json');
  const start = (): Installer =>
    createInstaller({ log: createLog('test', 'silent'), rootsFile, ...options });
  let installer = start();

  function newRun(runId: string, changes: Partial<TestRun> = {}): TestRun {
    return testRun({
      runId,
      workDir: join(dir, 'work'),
      artifactsDir: dir,
      grants: {
        installRoots: [{ name: 'tools', path: root }],
        egress: [],
        fetchPrefixes: [],
        operatorHosts: [],
      },
      ...changes,
    });
  }

  async function write(base: string, files: Record<string, string>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(base, path)), { recursive: true });
      await writeFile(join(base, path), content, { mode: path.startsWith('bin/') ? 0o750 : 0o664 });
    }
  }

  async function stage(files: Record<string, string>, name = 'staged'): Promise<string> {
    const path = join(dir, 'work', name);
    await rm(path, { recursive: true, force: true });
    await mkdir(path);
    await write(path, files);
    return path;
  }

  return {
    dir,
    root,
    versions,
    get installer() {
      return installer;
    },
    restart: () => {
      installer = start();
    },
    newRun,
    write,
    stage,
    commit: async (runId, files, run = newRun(runId)) => {
      await stage(files);
      return installer.commit({ run, root: 'tools', stagedPath: 'staged' });
    },
    shown: (path) => readFile(join(root, path), 'utf8'),
    versionNames: async () => (await readdir(versions)).filter((name) => /^\d/.test(name)).sort(),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
