// Two names of one file system change places in one step: renameat2 with RENAME_EXCHANGE. Node has no
// call for it, so that a one-line program of perl makes it, which every Debian has. Where there is none,
// the caller does without.

import { systemTools, ToolError } from '../sandbox/tool.spawn.js';

/** Answers whether they changed places; false: nothing was done, or nobody knows. */
export type Exchange = (one: string, other: string) => Promise<boolean>;

const PERL = '/usr/bin/perl';
const CALL_MS_MAX = 10_000;
/** Numbers of renameat2, by Node's names of processors. */
const callNumbers: Readonly<Record<string, number>> = {
  ...{ x64: 316, ia32: 353, arm: 382, arm64: 276, riscv64: 276, loong64: 276 },
  ...{ ppc64: 357, s390x: 347 },
};
/** AT_FDCWD twice, and RENAME_EXCHANGE. */
const PROGRAM = 'exit(syscall($ARGV[0] + 0, -100, $ARGV[1], -100, $ARGV[2], 2) == 0 ? 0 : 1)';

export const exchange: Exchange = async (one, other) => {
  const call = callNumbers[process.arch];
  if (call === undefined) return false;
  try {
    // It gets no variable of ours: PERL5OPT would run what it names.
    const args = ['-e', PROGRAM, String(call), one, other];
    await systemTools().light(PERL, args, CALL_MS_MAX);
    return true;
  } catch (error) {
    if (error instanceof ToolError) return false; // No perl, or a file system without such a call.
    throw error;
  }
};
