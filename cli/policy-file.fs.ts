// The policy file, read at the start and again whenever it changes.
//
// Invariant: a policy is in force whole or not at all. A file that does not parse changes nothing;
// its problems are logged, and the policy before stays.

import { readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { parsePolicy } from '../orchestrator/policy/file.parse.js';
import { defaultPolicy, fixedPolicy, type PolicySource } from '../orchestrator/policy/policy.js';
import type { Clock } from '../runtime/clock.js';
import type { Log } from '../runtime/log.js';
import type { Closeable } from '../runtime/shutdown.js';
import { CommandError } from './failure.js';

/** Editors write a file in several steps. */
const SETTLE_MS = 200;

export interface PolicyFile extends PolicySource, Closeable {
  close(): void;
}

/** @throws CommandError when the file cannot be read, or is not a policy. */
export function openPolicyFile(
  file: string | undefined,
  deps: { readonly clock: Clock; readonly log: Log },
): PolicyFile {
  const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (file === undefined) {
    return { ...fixedPolicy({ ...defaultPolicy, timeZone }), close: () => undefined };
  }
  const listeners = new Set<() => void>();
  const first = read(file, timeZone);
  if (first.kind === 'invalid') {
    throw new CommandError(`${file} is not a policy:\n  ${first.problems.join('\n  ')}`);
  }
  let { policy } = first;
  let cancel = (): void => undefined;
  // The directory, not the file: editors replace the file by another one.
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== null && name !== basename(file)) return;
    cancel();
    cancel = deps.clock.after(SETTLE_MS, () => {
      reload(file);
    });
  });
  watcher.on('error', (error) => {
    deps.log.warn({ err: error }, 'changes of the policy file are not seen any more');
  });

  function reload(path: string): void {
    try {
      const next = read(path, timeZone);
      if (next.kind === 'invalid') {
        deps.log.error(
          { problems: next.problems },
          'the policy file is not valid; nothing changes',
        );
        return;
      }
      ({ policy } = next);
      deps.log.info({ path }, 'a new policy is in force');
      for (const listener of listeners) listener();
    } catch (error) {
      deps.log.error({ err: error }, 'the policy file cannot be read; nothing changes');
    }
  }

  return {
    current: () => policy,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: () => {
      cancel();
      watcher.close();
    },
  };
}

function read(file: string, timeZone: string): ReturnType<typeof parsePolicy> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`the policy cannot be read: ${(error as Error).message}`);
  }
  return parsePolicy(text, timeZone);
}
