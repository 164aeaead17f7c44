// An application as a person has it: a directory with one program, which says its version.

import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const ASK_MS_MAX = 10_000;

/** Makes `<directory>/bin/hello`, which prints `version`. */
export function installApp(directory: string, version: string): string {
  mkdirSync(join(directory, 'bin'), { recursive: true });
  const program = join(directory, 'bin/hello');
  writeFileSync(program, `#!/bin/sh\necho ${version}\n`, { mode: 0o755 });
  return directory;
}

/** What the program says when it is run. @throws when it does not run. */
export async function versionOfApp(directory: string): Promise<string> {
  const { stdout } = await run(join(directory, 'bin/hello'), { timeout: ASK_MS_MAX });
  return stdout.trim();
}
