// An npm prefix as `npm install --global` leaves it, made by hand.

import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binsOf, linkTarget } from '../bins.js';
import type { TestPackage } from './registry.http.js';

export async function putInstalled(prefixDir: string, each: TestPackage): Promise<void> {
  const dir = join(prefixDir, 'lib', 'node_modules', each.name);
  const about = { name: each.name, version: each.version, ...each.about };
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'package.json'), JSON.stringify(about));
  for (const [path, text] of Object.entries(each.files)) await writeFile(join(dir, path), text);
  await mkdir(join(prefixDir, 'bin'), { recursive: true });
  for (const [command, file] of binsOf(about)) {
    await chmod(join(dir, file), 0o755);
    await symlink(linkTarget(each.name, file), join(prefixDir, 'bin', command));
  }
}
