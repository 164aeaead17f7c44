// Whether sandboxes can be had here. Where they can't, tests that need one are skipped, and the name
// of each says why.

import { test } from '@jest/globals';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const CAP_SYS_ADMIN = 21n;

/** The reason why no sandbox can be had here, or undefined. */
function whyNoSandbox(): string | undefined {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const canAdminister = ((BigInt(`0x${effective ?? '0'}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  if (process.getuid?.() !== 0 || !canAdminister) return 'needs root';
  const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
  if (!path.split(delimiter).some((dir) => isProgram(join(dir, 'runc')))) return 'needs runc';
  return undefined;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const missing = whyNoSandbox();

/** A test that starts a whole Lull, with a sandbox. */
export function sandboxTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  if (missing === undefined) test(situation, body, msMax);
  else test.skip(`${situation} (skipped here: ${missing})`, body);
}
