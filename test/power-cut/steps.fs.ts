// Every change that a program of Node makes to files, seen as it is done: a step.
//
// Node's own modules are wrapped, in this process, so that what is under test is the code that ships.
// What SQLite writes does not come by here.

import promises from 'node:fs/promises';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Told after the change was made, before whoever made it knows. */
export type OnStep = (what: string) => void;

type Anything = (...args: unknown[]) => unknown;
type Members = Record<string, Anything>;

const CHANGING = [
  ...['appendFile', 'chmod', 'chown', 'copyFile', 'cp', 'lchown', 'link', 'mkdir', 'open'],
  ...['rename', 'rm', 'rmdir', 'symlink', 'truncate', 'unlink', 'writeFile'],
] as const;
/** Not `openSync`: an image is read by it, and what it makes shows at the next call. */
const CHANGING_NOW = [
  ...['appendFileSync', 'fchmodSync', 'fchownSync', 'fsyncSync', 'lchownSync', 'linkSync'],
  ...['mkdirSync', 'renameSync', 'rmSync', 'symlinkSync', 'writeFileSync'],
] as const;
const OF_HANDLES = [
  ...[
    'appendFile',
    'chmod',
    'chown',
    'datasync',
    'sync',
    'truncate',
    'write',
    'writeFile',
    'writev',
  ],
] as const;

/** Sees every step from now on; the answer ends that. */
export async function watchSteps(onStep: OnStep): Promise<() => void> {
  const undo: (() => void)[] = [];
  let isLooking = false;
  /** Whoever looks at a step asks for a sync as well, which is none. */
  const onStepNow = (what: string): void => {
    if (isLooking) return;
    isLooking = true;
    try {
      onStep(what);
    } finally {
      isLooking = false;
    }
  };
  const wrap = (members: Members, name: string, isAsync: boolean): void => {
    const original = members[name];
    if (original === undefined) throw new Error(`Node has no ${name} any more`);
    members[name] = function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      if (!isAsync) {
        onStepNow(name);
        return result;
      }
      return (result as Promise<unknown>).then((value) => {
        onStep(name);
        return value;
      });
    };
    undo.push(() => {
      members[name] = original;
    });
  };
  const handle = await promises.open('/dev/null', 'r');
  const handles = Object.getPrototypeOf(handle) as Members;
  await handle.close();
  for (const name of CHANGING) wrap(promises as unknown as Members, name, true);
  for (const name of CHANGING_NOW) wrap(fs as unknown as Members, name, false);
  for (const name of OF_HANDLES) wrap(handles, name, true);
  syncBuiltinESMExports();
  return () => {
    for (const each of undo) each();
    syncBuiltinESMExports();
  };
}
