// The filter of system calls (T6): what allowed-calls.ts lists and what is allowed here by its
// arguments; anything else fails.
//
// It fails with ENOSYS, as on a kernel that never had the call. A C library that tries something new
// then does it in the old way; EPERM it would pass on, and a program break on the next release of its
// language. `clone3`, whose flags lie in memory where no filter can look, so comes down to `clone`.
//
// Only calls of the machine's own kind are let through: a process that makes one of another kind (of
// 32-bit x86 or x32 on x86-64, of 32-bit ARM on ARM64) is killed. That is what the filter's library
// does for kinds that it was not told of, so the profile names none.

import { allowedCalls } from './allowed-calls.js';

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ERRNO';
  readonly defaultErrnoRet: number;
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ALLOW' | 'SCMP_ACT_ERRNO';
  readonly errnoRet?: number;
  readonly args?: readonly SeccompArg[];
}

interface SeccompArg {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_GT' | 'SCMP_CMP_MASKED_EQ';
}

const ENOSYS = 38;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. `clone` takes no NEWTIME. */
const NAMESPACE_FLAGS = 0x7e02_0000;

const families = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
const NETLINK_ROUTE = 0;

/**
 * Streams over TCP and datagrams over UDP, by name or as the usual one. Asked for another protocol, a
 * kernel loads its module, whoever asks: SCTP, DCCP and others that hardly anybody uses.
 */
const UDP = 17;
const internet = [
  [1, 0],
  [1, 6],
  [2, 0],
  [2, UDP],
] as const;
/** Above are SOCK_CLOEXEC and SOCK_NONBLOCK. */
const SOCKET_TYPE_MASK = 0xf;

/** An I/O priority has its class in the bits from 13 on; 3 is idle. */
const IO_CLASS_MASK = 0xe000;
const IO_CLASS_IDLE = 0x6000;

/** Linux, as it is; and the question what it is. Others switch off what protects memory. */
const personalities = [0, 0xffff_ffff];

export function seccompProfile(): SeccompProfile {
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: ENOSYS,
    syscalls: [
      ...allowedCalls.map(({ names }) => allow(names)),
      // A new process or thread, and no new namespace.
      allow(['clone'], masked(0, NAMESPACE_FLAGS, 0)),
      // Of netlink only what lists interfaces. Others reach what no network namespace confines (vsock:
      // the machine below a virtual one), or large parts of the kernel.
      allow(['socket'], equal(0, families.unix)),
      ...[families.inet, families.inet6].flatMap((family) =>
        internet.map(([type, protocol]) =>
          allow(
            ['socket'],
            equal(0, family),
            masked(1, SOCKET_TYPE_MASK, type),
            equal(2, protocol),
          ),
        ),
      ),
      ...[families.inet, families.inet6].map((family): SeccompRule => ({
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: EPROTONOSUPPORT,
        args: [equal(0, family), { index: 2, op: 'SCMP_CMP_GT', value: UDP }],
      })),
      allow(['socket'], equal(0, families.netlink), equal(2, NETLINK_ROUTE)),
      // A pair of any other family is made of none, and makes the kernel load that family's module first.
      allow(['socketpair'], equal(0, families.unix)),
      {
        names: ['socketpair'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: EAFNOSUPPORT,
        args: [{ index: 0, op: 'SCMP_CMP_GT', value: families.unix }],
      },
      {
        names: ['socket'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: EAFNOSUPPORT,
        args: [{ index: 0, op: 'SCMP_CMP_GT', value: families.netlink }],
      },
      // The idle class is where it was started; nobody needs a right to leave it.
      allow(['ioprio_set'], masked(2, IO_CLASS_MASK, IO_CLASS_IDLE)),
      ...personalities.map((persona) => allow(['personality'], equal(0, persona))),
    ],
  };
}

function allow(names: readonly string[], ...args: readonly SeccompArg[]): SeccompRule {
  return { names, action: 'SCMP_ACT_ALLOW', ...(args.length === 0 ? {} : { args }) };
}

function equal(index: number, value: number): SeccompArg {
  return { index, value, op: 'SCMP_CMP_EQ' };
}

/** Of the bits of the mask, exactly these. */
function masked(index: number, mask: number, bits: number): SeccompArg {
  return { index, value: mask, valueTwo: bits, op: 'SCMP_CMP_MASKED_EQ' };
}
