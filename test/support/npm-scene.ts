// A stage on which the real npm updater keeps a prefix up to date, with a registry of the test's own:
// no network beyond this machine is needed.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Follower } from '../../harness/follow.grpc.js';
import type { RunningLull } from '../../harness/lull.spawn.js';
import { putInstalled } from '../../updaters/npm/testing/prefix.fs.js';
import {
  startTestRegistry,
  type TestPackage,
  type TestRegistry,
} from '../../updaters/npm/testing/registry.http.js';
import type { PolicyChange } from './policy.js';
import { openStage, type Stage } from './stage.js';
import { packUpdater } from './pack-updater.js';
import { enable } from './story.js';

const run = promisify(execFile);

const ASK_MS_MAX = 10_000;
/** npm is large, and a sandbox has the lowest priority on a machine that other tests keep busy. */
export const SCENE_MS_MAX = 300_000;

export interface NpmScene {
  readonly stage: Stage;
  readonly registry: TestRegistry;
  readonly prefix: string;
  readonly running: RunningLull;
  readonly follower: Follower;
  /** Registers the npm updater for the prefix, and accepts it. */
  readonly add: () => Promise<void>;
  /** What a program of the prefix says. @throws when it does not run. */
  readonly versionOf: (program: string) => Promise<string>;
}

export interface NpmSceneOptions {
  /** The first version of each name is installed; the registry has all of them. */
  readonly packages: readonly TestPackage[];
  readonly policy?: PolicyChange;
  /** Starts Lull on the stage; without it, as a process. */
  readonly start?: (stage: Stage) => Promise<RunningLull>;
}

/** Sets the scene, with Lull started and nobody known to be there, and clears it whatever happens. */
export async function onNpmScene(
  { packages, policy, start = (stage) => stage.start() }: NpmSceneOptions,
  play: (scene: NpmScene) => Promise<void>,
): Promise<void> {
  const registry = await startTestRegistry(packages);
  const stage = openStage(policy === undefined ? {} : { policy });
  const prefix = join(stage.directory, 'apps');
  try {
    const names = new Set<string>();
    for (const each of packages) {
      if (!names.has(each.name)) await putInstalled(prefix, each);
      names.add(each.name);
    }
    const running = await start(stage);
    await play({
      stage,
      registry,
      prefix,
      running,
      follower: stage.follow(),
      add: async () => {
        await enable(running, await packUpdater(stage, 'npm'), { prefix, registry: registry.url });
      },
      versionOf: async (program) => {
        const path = join(prefix, 'bin', program);
        const { stdout } = await run(path, ['--version'], { timeout: ASK_MS_MAX });
        return stdout.trim();
      },
    });
  } finally {
    await stage.close();
    await registry.close();
  }
}

/** A program that says its version. @param more further files, to make it larger. */
export function programPackage(
  name: string,
  version: string,
  more: Readonly<Record<string, string>> = {},
): TestPackage {
  const text = `#!/usr/bin/env node\nconsole.log(${JSON.stringify(version)});\n`;
  return {
    name,
    version,
    about: { bin: { [name]: 'cli.js' } },
    files: { 'cli.js': text, ...more },
  };
}

/** Text that does not become smaller when it is packed by much, and is the same each time. */
export function noise(bytes: number): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes; at += 88) {
    parts.push(createHash('sha512').update(String(at)).digest('base64'));
  }
  return parts.join('').slice(0, bytes);
}
