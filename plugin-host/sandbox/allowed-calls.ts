// What an updater may ask the kernel for, and why: the data of seccomp.ts, which makes a filter of it.
//
// What is not here does not exist inside (T6). Names of calls that a machine lacks do no harm: those of
// 32-bit machines resolve to nothing on 64-bit ones, and `open` to nothing on ARM.
//
// Compared with what the usual container engines let through by default, this list is shorter by
// kernel AIO, POSIX message queues, NUMA, LDTs, file handles, fanotify, `memfd_secret`, `vmsplice`,
// `sync`, tracing of one's own processes, and both multiplexers of 32-bit x86, behind which no argument
// can be looked at.

export interface AllowedCalls {
  readonly why: string;
  readonly names: readonly string[];
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const allowedCalls: readonly AllowedCalls[] = [
  {
    why: 'a process and its threads begin, wait for each other and end; clone is below, by its flags',
    names: words(`execve execveat exit exit_group fork vfork wait4 waitid set_tid_address
      set_robust_list get_robust_list rseq futex futex_waitv futex_wait futex_wake futex_requeue
      membarrier restart_syscall`),
  },
  {
    why: 'memory of its own: V8 and the other compilers at run time make some of it executable',
    names:
      words(`brk mmap munmap mremap mprotect madvise mincore msync mlock mlock2 mlockall munlock
      munlockall memfd_create pkey_alloc pkey_free pkey_mprotect map_shadow_stack mseal`),
  },
  {
    why: 'files and directories that it is shown; who may open what is decided by what is mounted',
    names:
      words(`open openat openat2 creat close close_range read write readv writev pread64 pwrite64
      preadv pwritev preadv2 pwritev2 lseek stat lstat fstat newfstatat statx statfs fstatfs access
      faccessat faccessat2 readlink readlinkat getdents getdents64 getcwd chdir fchdir umask dup dup2
      dup3 fcntl flock ioctl truncate ftruncate fallocate fadvise64 readahead cachestat`),
  },
  {
    why: 'changing a tree: what archives and package managers do; mknod makes named pipes, devices need a capability',
    names:
      words(`mkdir mkdirat rmdir mknod mknodat link linkat symlink symlinkat unlink unlinkat rename
      renameat renameat2 chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes
      futimesat utimensat getxattr lgetxattr fgetxattr setxattr lsetxattr fsetxattr listxattr
      llistxattr flistxattr removexattr lremovexattr fremovexattr`),
  },
  {
    why: 'what must survive a power cut; not sync, which makes the whole machine write',
    names: words('fsync fdatasync syncfs sync_file_range'),
  },
  {
    why: 'copying without a detour',
    names: words('sendfile copy_file_range splice tee'),
  },
  {
    why: 'waiting for many things at once: every event loop',
    names:
      words(`poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
      epoll_pwait2 eventfd eventfd2 signalfd signalfd4 pipe pipe2 inotify_init inotify_init1
      inotify_add_watch inotify_rm_watch`),
  },
  {
    why: 'sockets; which are made is in seccomp.ts, by the arguments of socket and socketpair',
    names: words(`bind listen accept accept4 connect getsockname getpeername getsockopt
      setsockopt shutdown sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg`),
  },
  {
    why: 'signals, among its own processes: it sees no others',
    names: words(`kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo
      rt_tgsigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait sigaltstack pause alarm pidfd_open
      pidfd_send_signal`),
  },
  {
    why: 'reading clocks and setting timers of its own; no call that sets a clock',
    names:
      words(`clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer
      setitimer timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create
      timerfd_gettime timerfd_settime`),
  },
  {
    why: 'asking who and where it is, and what it has used',
    names: words(`getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups
      getpgid getpgrp getsid getpriority getrlimit getrusage prlimit64 setrlimit sysinfo uname getcpu
      getrandom capget ioprio_get`),
  },
  {
    why: 'giving up rights and making a session: without a capability nothing is gained by them',
    names:
      words(`setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset
      setpgid setsid setpriority prctl seccomp landlock_create_ruleset landlock_add_rule
      landlock_restrict_self`),
  },
  {
    why: 'how it is scheduled, below the lowest priority that it was given',
    names:
      words(`sched_yield sched_getaffinity sched_setaffinity sched_getscheduler sched_setscheduler
      sched_getparam sched_setparam sched_getattr sched_get_priority_max sched_get_priority_min
      sched_rr_get_interval`),
  },
  {
    why: 'memory, queues and semaphores between its own processes, in a namespace of their own: fakeroot, databases',
    names: words(
      `shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl`,
    ),
  },
  {
    why: 'thread-local storage on x86-64',
    names: words('arch_prctl'),
  },
  {
    why: 'the same on 32-bit machines',
    names: words(`waitpid mmap2 _llseek stat64 lstat64 fstat64 fstatat64 statfs64 fstatfs64 fcntl64
      truncate64 ftruncate64 fadvise64_64 sync_file_range2 arm_fadvise64_64 arm_sync_file_range
      sendfile64 _newselect send recv sigaction sigprocmask sigpending sigsuspend sigreturn ugetrlimit
      getuid32 geteuid32 getgid32 getegid32 getresuid32 getresgid32 getgroups32 setuid32 setgid32
      setreuid32 setregid32 setresuid32 setresgid32 setfsuid32 setfsgid32 setgroups32 chown32 fchown32
      lchown32 set_thread_area get_thread_area set_tls cacheflush clock_gettime64
      clock_getres_time64 clock_nanosleep_time64 timer_gettime64 timer_settime64 timerfd_gettime64
      timerfd_settime64 utimensat_time64 pselect6_time64 ppoll_time64 recvmmsg_time64 futex_time64
      rt_sigtimedwait_time64 sched_rr_get_interval_time64 semtimedop_time64`),
  },
];
