// This host's name for the orchestrator: made once, and no name or address of the machine.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { displayText } from '../../conditions/words.js';
import { isSubjectName } from '../../proto/subjects.js';
import type { Log } from '../../runtime/log.js';
import { writeDurably } from '../../runtime/durable.fs.js';

/** What is there and is no name counts as nothing: a new one is made, and the log says so. */
export async function hostIdIn(stateDir: string, log: Log): Promise<string> {
  const file = join(stateDir, 'host-id');
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  });
  if (text !== undefined && isSubjectName(text.trim())) return text.trim();
  const made = `host-${randomBytes(4).toString('hex')}`;
  await writeDurably(file, `${made}\n`, 0o644);
  if (text !== undefined) {
    const held = displayText(text.trim(), 64);
    log.warn({ file, held, hostId: made }, 'no name for this host: it has a new one from now on');
  }
  return made;
}
