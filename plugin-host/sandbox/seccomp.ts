// What an updater may not ask the kernel for (T6). A deny-list: vendors bring any language, and an
// allow-list would break the next runtime for the sake of calls that harm nobody. Each line says
// why it is here. Capabilities are dropped as well; this list also shrinks the kernel that is
// reachable when one of them has a bug.

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ALLOW';
  readonly architectures?: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

interface SeccompRule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ERRNO';
  readonly errnoRet: number;
  readonly args?: readonly SeccompArg[];
}

interface SeccompArg {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: 'SCMP_CMP_EQ' | 'SCMP_CMP_MASKED_EQ';
}

const EPERM = 1;
const ENOSYS = 38;
const EAFNOSUPPORT = 97;

const denied: readonly { readonly why: string; readonly names: readonly string[] }[] = [
  {
    why: 'reads or changes another process',
    names: ['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd'],
  },
  {
    why: 'changes what is mounted',
    names: [
      ...['mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'mount_setattr', 'move_mount'],
      ...['open_tree', 'fsopen', 'fsconfig', 'fsmount', 'fspick'],
    ],
  },
  { why: 'makes or enters a namespace', names: ['unshare', 'setns'] },
  {
    why: 'opens by handle, past the directories that confine it',
    names: ['open_by_handle_at', 'name_to_handle_at'],
  },
  { why: 'the kernel keyring has no namespace', names: ['keyctl', 'add_key', 'request_key'] },
  {
    why: 'a large and often broken part of the kernel that an updater has no use for',
    names: [
      ...['bpf', 'perf_event_open', 'userfaultfd', 'fanotify_init', 'lookup_dcookie'],
      ...['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
    ],
  },
  {
    why: 'another kernel, or code in this one',
    names: ['kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'],
  },
  {
    why: "the machine's own state",
    names: [
      ...['reboot', 'swapon', 'swapoff', 'acct', 'quotactl', 'quotactl_fd', 'nfsservctl', 'syslog'],
      ...[
        'settimeofday',
        'clock_settime',
        'clock_adjtime',
        'adjtimex',
        'iopl',
        'ioperm',
        'vhangup',
      ],
    ],
  },
];

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. `clone` takes no NEWTIME. */
const namespaceFlags = [
  0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000,
];

const AF_VSOCK = 40;

const architectures: ReadonlyMap<string, readonly string[]> = new Map([
  ['x64', ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']],
  ['arm64', ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM']],
]);

/** @param arch as process.arch names it. Of other machines only the native calls are let through. */
export function seccompProfile(arch: string): SeccompProfile {
  const known = architectures.get(arch);
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    ...(known === undefined ? {} : { architectures: known }),
    syscalls: [
      ...denied.map(({ names }) => refusal(names, EPERM)),
      // One rule a flag: the call is refused when any of them is set.
      ...namespaceFlags.map((flag) =>
        refusal(['clone'], EPERM, { ...maskedEqual, value: flag, valueTwo: flag }),
      ),
      // clone3 keeps its flags in memory, where seccomp cannot look. The C libraries take ENOSYS as
      // an old kernel and use clone.
      refusal(['clone3'], ENOSYS),
      // vsock reaches the machine below a virtual one; no network namespace confines it.
      refusal(['socket'], EAFNOSUPPORT, { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_EQ' }),
    ],
  };
}

const maskedEqual = { index: 0, op: 'SCMP_CMP_MASKED_EQ' } as const;

function refusal(names: readonly string[], errnoRet: number, arg?: SeccompArg): SeccompRule {
  return {
    names,
    action: 'SCMP_ACT_ERRNO',
    errnoRet,
    ...(arg === undefined ? {} : { args: [arg] }),
  };
}
