// A program of the system that stands still where a test wants to kill whoever started it. A script of
// its name comes before it on the PATH.

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findProgram } from '../../../plugin-host/sandbox/tool.spawn.js';

/** `at work`: it has the file open that it is given last. */
export type Stand = 'begins' | 'is at work' | 'has ended';

export interface HeldPrograms {
  /** What is put into the environment of whoever starts them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The next call of it that is about something below `about` stands still there. */
  hold(program: string, stand: Stand): void;
  /** Whether it stands there. */
  isHeld(): boolean;
  letGo(): void;
}

/**
 * @param dir of its own.
 * @param about what is not about this is let through.
 */
export function holdPrograms(
  programs: readonly string[],
  dir: string,
  about: string,
): HeldPrograms {
  mkdirSync(dir);
  for (const program of programs) {
    const real = findProgram(program);
    if (real === undefined) throw new Error(`${program} is not installed`);
    writeFileSync(join(dir, program), scriptFor({ program, real, dir, about }), { mode: 0o755 });
  }
  const [at, go] = [join(dir, 'at'), join(dir, 'go')];
  return {
    env: { ...process.env, PATH: `${dir}${delimiter}${process.env['PATH'] ?? ''}` },
    hold: (program, stand) => {
      for (const mark of [at, go]) rmSync(mark, { force: true });
      writeFileSync(join(dir, markOf(program, stand)), '');
    },
    isHeld: () => existsSync(at),
    letGo: () => {
      writeFileSync(go, '');
    },
  };
}

function markOf(program: string, stand: Stand): string {
  return `${program}-${stand.replaceAll(' ', '-')}`;
}

function scriptFor(deps: {
  readonly program: string;
  readonly real: string;
  readonly dir: string;
  readonly about: string;
}): string {
  const { program, real, dir, about } = deps;
  const stand = (where: Stand): string => `stand ${join(dir, markOf(program, where))}`;
  return `#!/bin/sh
case "$*" in *${about}*) ;; *) exec ${real} "$@" ;; esac
stand() {
  rm "$1" 2>/dev/null || return 0
  : > ${join(dir, 'at')}
  while [ ! -e ${join(dir, 'go')} ]; do sleep 0.02; done
}
for last in "$@"; do :; done
${stand('begins')}
if [ -f "$last" ]; then exec 3<>"$last"; ${stand('is at work')}; exec 3>&-; fi
${real} "$@"
code=$?
${stand('has ended')}
exit $code
`;
}
