// A user namespace of our own, in which we are root over ourselves and over the ids that /etc/subuid gives
// this user, and over nothing else: what root does on a machine, the plugin-host does in it, with the same
// code.
//
// Invariant: N1. Who is in it ends when we do, however that happens: it reads from a pipe that the kernel
// closes.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { displayText } from '../../conditions/words.js';
import { within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { IdMaps } from './ground.js';

const run = promisify(execFile);
const LOOK_MS_MAX = 10_000;
/** As long as updaters that are in the middle of something may take. */
const CLOSE_MS_MAX = 30_000;
const WORDS_CHARS_MAX = 160;

const PROGRAM = 'unshare';
const how = [
  // This user is root inside; from 1 on come the ids of /etc/subuid and /etc/subgid, by newuidmap.
  ...['--user', '--map-root-user', '--map-auto'],
  // What the machine unmounts is unmounted here as well: a disk that is taken out must not be held.
  ...['--mount', '--propagation', 'slave', '--'],
];

export async function tryNamespace(): Promise<IdMaps | { readonly refused: string }> {
  const look = ['cat', '/proc/self/uid_map', '/proc/self/gid_map'];
  try {
    const { stdout } = await run(PROGRAM, [...how, ...look], { timeout: LOOK_MS_MAX });
    const lines = stdout.trimEnd().split('\n');
    const half = lines.length / 2;
    return { uids: lines.slice(0, half).join('\n'), gids: lines.slice(half).join('\n') };
  } catch (error) {
    const { stderr = '', message } = error as { stderr?: string; message: string };
    const [line = ''] = (stderr.trim() === '' ? message : stderr.trim()).split('\n');
    return { refused: displayText(line, WORDS_CHARS_MAX) };
  }
}

export interface Inner extends Closeable {
  /** What it said on stdout contains `text`; false where it ended before. */
  said(text: string): Promise<boolean>;
  readonly ended: Promise<void>;
}

/** Starts this very command there once more, with these arguments and variables besides. */
export function startAgainInside(
  more: readonly string[],
  env: Readonly<Record<string, string>>,
): Inner {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), ...more];
  const child = spawn(PROGRAM, [...how, ...again], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C is for us: we end it when its turn comes.
    detached: true,
    env: { ...process.env, ...env },
  });
  let heard = '';
  child.stdout.on('data', (chunk: Buffer) => {
    heard = (heard + chunk.toString()).slice(-1_000);
  });
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'close').then(
    () => undefined,
    () => undefined,
  );
  let closing: Promise<void> | undefined;
  return {
    ended,
    said: async (text) => {
      const over = ended.then(() => true);
      while (!heard.includes(text)) {
        const more = once(child.stdout, 'data').then(() => false);
        if (await Promise.race([more, over])) return heard.includes(text);
      }
      return true;
    },
    close: () => {
      child.stdin.end(); // N1
      closing ??= within(ended, CLOSE_MS_MAX, 'the plugin-host').catch((error: unknown) => {
        // What it leaves its reaper ends.
        child.kill('SIGKILL');
        throw error;
      });
      return closing;
    },
  };
}
