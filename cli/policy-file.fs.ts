// The policy file, read at the start and again whenever it changes.
//
//   the directory moved ─▶ settle ─▶ read ─▶ wait ─▶ read the same again ─▶ parse ─▶ in force, or not
//
// Invariants:
//   F1. A policy is in force whole or not at all. A file that does not parse changes nothing; its
//       problems are logged, all of them, and the policy before stays.
//   F2. Only what two looks found alike is parsed: a file that is being written is left alone.
//   F3. A file that comes to say nothing is one that somebody has truncated, or is about to write. It
//       would drop every hold and every publisher, so the defaults have to be asked for in words: `{}`.

import { readFileSync, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parsePolicy, saysNothing } from '../orchestrator/policy/file.parse.js';
import {
  defaultPolicy,
  fixedPolicy,
  type Policy,
  type PolicySource,
} from '../orchestrator/policy/policy.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import type { Closeable } from '../runtime/shutdown.js';
import { CommandError } from './failure.js';

/** Editors write a file in several steps. */
const SETTLE_MS = 200;
/** What is the same after this long is not being written; a slow disk syncs in a few hundred ms. */
const STILL_MS = 500;
/** A file that is never still is looked at again when its directory moves once more. */
const LOOKS_MAX = 20;
/** Far more than any policy, and little enough to read at once. */
const FILE_BYTES_MAX = 4 * 1024 * 1024;

export interface PolicyFile extends PolicySource, Closeable {
  close(): void;
}

/** What a look at the file found. */
type Found =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/**
 * The policy that a file says, once; of no file the defaults.
 * @throws CommandError when the file cannot be read, or is not a policy.
 */
export function readPolicy(file: string | undefined): {
  readonly policy: Policy;
  readonly text: string;
} {
  const timeZone = zoneHere();
  if (file === undefined) return { policy: { ...defaultPolicy, timeZone }, text: '' };
  const found = look(file);
  if (found.kind === 'unreadable') {
    throw new CommandError(`the policy cannot be read: ${found.why}`);
  }
  const parsed = parsePolicy(found.text, timeZone);
  if (parsed.kind === 'ok') return { policy: parsed.policy, text: found.text };
  throw new CommandError(`${file} is not a policy:\n  ${parsed.problems.join('\n  ')}`);
}

/** @throws CommandError when the file cannot be read, or is not a policy. */
export function openPolicyFile(
  file: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): PolicyFile {
  if (file === undefined) {
    return { ...fixedPolicy(readPolicy(undefined).policy), close: () => undefined };
  }
  const { clock, log } = deps;
  const listeners = new Set<() => void>();
  const stampAtFirst = stampOf(file);
  let { policy, text: inForce } = readPolicy(file);

  function adopt(found: Found): void {
    if (found.kind === 'unreadable') {
      log.error({ why: found.why }, 'the policy file cannot be read; nothing changes');
      return;
    }
    if (found.text === inForce) return;
    if (saysNothing(found.text) && !saysNothing(inForce)) {
      log.warn(
        { path: file },
        'the policy file says nothing any more; nothing changes. If the defaults are meant, write {} into it',
      );
      return; // F3
    }
    const next = parsePolicy(found.text, zoneHere());
    if (next.kind === 'invalid') {
      log.error({ problems: next.problems }, 'the policy file is not valid; nothing changes');
      return; // F1
    }
    ({ policy } = next);
    inForce = found.text;
    log.info({ path: file }, 'a new policy is in force');
    for (const listener of listeners) listener();
  }

  const stop = onStill(file, stampAtFirst, { clock, log }, adopt);
  return {
    current: () => policy,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: stop,
  };
}

/**
 * Tells what is in the file each time that it has changed and is still again (F2).
 * @param known the stamp of what is known already.
 */
function onStill(
  file: string,
  known: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  tell: (found: Found) => void,
): () => void {
  let told = known;
  let before: Found | undefined;
  let lookCount = 0;
  let cancel: (() => void) | undefined;

  function lookAfter(delayMs: number): void {
    cancel?.();
    cancel = clock.after(delayMs, lookAgain);
  }

  function lookAgain(): void {
    cancel = undefined;
    const stamp = stampOf(file);
    if (stamp === told) return;
    const found = look(file);
    if (before !== undefined && isSame(before, found)) {
      told = stamp;
      tell(found);
      return;
    }
    before = found;
    lookCount += 1;
    if (lookCount < LOOKS_MAX) lookAfter(STILL_MS);
    else log.warn({ path: file }, 'the policy file does not stop changing; nothing changes');
  }

  // The directory, not the file: editors replace the file by another one.
  const watcher = watch(dirname(file), (_event, name) => {
    // A link may be turned to another file under any name: then one look is enough.
    if (name !== null && name !== basename(file) && cancel !== undefined) return;
    before = undefined;
    lookCount = 0;
    lookAfter(SETTLE_MS);
  });
  watcher.on('error', (error) => {
    log.warn({ err: error }, 'changes of the policy file are not seen any more');
  });
  lookAfter(SETTLE_MS); // It may have changed before it was watched.
  return () => {
    cancel?.();
    watcher.close();
  };
}

function zoneHere(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function look(file: string): Found {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return { kind: 'unreadable', why: `${file} is not a file` };
    if (stat.size > FILE_BYTES_MAX) {
      return { kind: 'unreadable', why: `${file} is larger than any policy` };
    }
    return { kind: 'text', text: readFileSync(file, 'utf8') };
  } catch (error) {
    return { kind: 'unreadable', why: (error as Error).message };
  }
}

/** Differs after each change of the file; that there is none is a state, too. */
function stampOf(file: string): string {
  try {
    const stat = statSync(file, { bigint: true });
    return [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(' ');
  } catch (error) {
    return (error as Error).message;
  }
}

function isSame(a: Found, b: Found): boolean {
  return a.kind === 'text' && b.kind === 'text' ? a.text === b.text : a.kind === b.kind;
}
