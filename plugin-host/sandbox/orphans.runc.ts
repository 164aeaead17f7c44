// What a dead instance left: groups with processes in them, and the runtime's notes of what it made (T22).

import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../runtime/log.js';
import type { ParentGroup } from './parent.cgroup.js';
import type { RuntimeProgram } from './program.spawn.js';
import { DELETE_MS_MAX, systemTools } from './tool.spawn.js';

/** @returns the names of the containers that were ended and removed: all but those of `instance`. */
export async function endOrphans({
  parent,
  runtimeRoot,
  program,
  instance,
  log,
}: {
  readonly parent: ParentGroup;
  readonly runtimeRoot: string;
  readonly program: RuntimeProgram;
  readonly instance: string;
  readonly log: Log;
}): Promise<readonly string[]> {
  const containers = new Set([...parent.children(), ...readdirSync(runtimeRoot)]);
  const orphans = [...containers].filter((name) => !name.endsWith(`.${instance}`));
  for (const name of orphans) {
    const group = parent.openChild(name);
    if (!(await group.kill())) log.error({ name }, 'an orphan does not die');
    if (existsSync(join(runtimeRoot, name))) {
      const args = ['--root', runtimeRoot, 'delete', '--force', name];
      await systemTools()
        .light(program.path, args, DELETE_MS_MAX)
        .catch((error: unknown) => {
          log.warn({ err: error, name }, 'the OCI runtime did not delete an orphan');
        });
      await rm(join(runtimeRoot, name), { recursive: true, force: true });
    }
    group.close();
  }
  return orphans;
}
