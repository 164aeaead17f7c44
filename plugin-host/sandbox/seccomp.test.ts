import { expect, test } from '@jest/globals';
import { allowedCalls } from './allowed-calls.js';
import { seccompProfile } from './seccomp.js';

const allowed = seccompProfile().syscalls.filter(({ action }) => action === 'SCMP_ACT_ALLOW');
const always = new Set(allowed.flatMap(({ names, args }) => (args === undefined ? names : [])));
const byArgument = new Set(allowed.flatMap(({ names, args }) => (args === undefined ? [] : names)));

test('what is not listed does not exist, also what kernels will have one day', () => {
  expect(seccompProfile()).toMatchObject({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
  });
});

test('no other kind of machine code is let in', () => {
  expect(seccompProfile()).not.toHaveProperty('architectures');
});

test('each group has its reason, and each call is in one group', () => {
  for (const { why, names } of allowedCalls) {
    expect(why.length).toBeGreaterThan(20);
    expect(names.length).toBeGreaterThan(0);
  }
  const names = allowedCalls.flatMap((group) => group.names);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  for (const name of names) expect(name).toMatch(/^[a-z_][a-z0-9_]+$/);
});

test.each([
  [
    'reads or changes another process',
    'ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd',
  ],
  [
    'changes what is mounted',
    'mount umount umount2 pivot_root chroot mount_setattr move_mount open_tree fsopen fsconfig fsmount fspick',
  ],
  ['makes or enters a namespace', 'unshare setns clone3'],
  ['opens past the directories that confine it', 'open_by_handle_at name_to_handle_at'],
  ['reaches the keyring, which has no namespace', 'keyctl add_key request_key'],
  [
    'is large and often broken',
    'bpf perf_event_open userfaultfd fanotify_init fanotify_mark lookup_dcookie io_uring_setup io_uring_enter io_uring_register io_setup io_submit modify_ldt vmsplice memfd_secret',
  ],
  ['is another kernel', 'kexec_load kexec_file_load init_module finit_module delete_module'],
  [
    "is the machine's own state",
    'reboot swapon swapoff acct quotactl quotactl_fd syslog settimeofday clock_settime clock_adjtime adjtimex iopl ioperm vhangup sync sethostname setdomainname nfsservctl mbind move_pages migrate_pages',
  ],
  ['hides its arguments from every filter', 'socketcall ipc'],
])('nothing that %s is allowed', (_what, names) => {
  for (const name of names.split(' ')) {
    expect([name, always.has(name) || byArgument.has(name)]).toEqual([name, false]);
  }
});

test('what is allowed by its arguments is not allowed without', () => {
  expect([...byArgument].sort()).toEqual([
    'clone',
    'ioprio_set',
    'personality',
    'socket',
    'socketpair',
  ]);
  expect([...byArgument].filter((name) => always.has(name))).toEqual([]);
});
