// Two names of one file system change places in one step: renameat2 with RENAME_EXCHANGE. Node has no
// call for it, so that a one-line program of perl makes it, which every Debian has. Where there is none,
// the caller does without.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

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
    const args = ['-e', PROGRAM, String(call), one, other];
    // Without a variable of ours: PERL5OPT would run what it names.
    await promisify(execFile)(PERL, args, { timeout: CALL_MS_MAX, env: {}, cwd: '/' });
    return true;
  } catch {
    // No perl, no such call, or a file system without it.
    return false;
  }
};
