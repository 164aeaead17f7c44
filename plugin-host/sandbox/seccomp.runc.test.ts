// T6: each call that an updater may not make is made, from inside of a real sandbox, by its number.
//
// As a control the same calls are made outside of one, as nobody: there the kernel answers each in some
// other way, so that ENOSYS inside is the filter's word. What the kernel itself lacks is left out.

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openFixture, whyNoSandbox, type SandboxFixture } from './sandbox.testing.js';

const missing =
  (await whyNoSandbox()) ?? (existsSync('/usr/bin/perl') ? undefined : 'needs perl, to make calls');
const describeHere = missing === undefined ? describe : describe.skip;
const NOBODY = 65_534;
const ENOSYS = 38;

/** Numbers on x86-64 and on ARM64; arguments that do no harm where the call is allowed after all. */
const calls: readonly (readonly [name: string, x64: number, arm64: number, args?: string])[] = [
  ['ptrace', 101, 117, '16,-1,0,0'],
  ['process_vm_readv', 310, 270, '-1,0,0,0,0,0'],
  ['process_vm_writev', 311, 271, '-1,0,0,0,0,0'],
  ['kcmp', 312, 272, '-1,-1,0,0,0'],
  ['pidfd_getfd', 438, 438, '-1,0,0'],
  ['mount', 165, 40, '0,0,0,0,0'],
  ['umount2', 166, 39, '0,0'],
  ['pivot_root', 155, 41, '0,0'],
  ['chroot', 161, 51, '0'],
  ['mount_setattr', 442, 442, '-1,0,0,0,0'],
  ['move_mount', 429, 429, '-1,0,-1,0,0'],
  ['open_tree', 428, 428, '-1,0,0'],
  ['fsopen', 430, 430, '0,0'],
  ['fsconfig', 431, 431, '-1,0,0,0,0'],
  ['fsmount', 432, 432, '-1,0,0'],
  ['fspick', 433, 433, '-1,0,0'],
  ['unshare', 272, 97, '0x10000000'],
  ['setns', 308, 268, '-1,0'],
  // CLONE_NEWUSER, with memory and everything else of its own, and SIGCHLD.
  ['clone', 56, 220, '0x10000011,0,0,0,0'],
  ['clone3', 435, 435, '0,0'],
  ['open_by_handle_at', 304, 265, '-1,0,0'],
  ['name_to_handle_at', 303, 264, '-1,0,0,0,0'],
  ['keyctl', 250, 219, '0,-3,0'],
  ['add_key', 248, 217, '0,0,0,0,0'],
  ['request_key', 249, 218, '0,0,0,0'],
  ['bpf', 321, 280, '0,0,0'],
  ['perf_event_open', 298, 241, '0,0,-1,-1,0'],
  ['userfaultfd', 323, 282, '0'],
  ['fanotify_init', 300, 262, '0,0'],
  ['io_uring_setup', 425, 425, '1,0'],
  ['io_uring_enter', 426, 426, '-1,0,0,0,0,0'],
  ['io_uring_register', 427, 427, '-1,0,0,0'],
  ['io_setup', 206, 0, '0,0'],
  ['vmsplice', 278, 75, '-1,0,0,0'],
  ['kexec_load', 246, 104, '0,0,0,0'],
  ['kexec_file_load', 320, 294, '-1,-1,0,0,0'],
  ['init_module', 175, 105, '0,0,0'],
  ['finit_module', 313, 273, '-1,0,0'],
  ['delete_module', 176, 106, '0,0'],
  ['reboot', 169, 142, '0,0,0,0'],
  ['swapon', 167, 224, '0,0'],
  ['acct', 163, 89, '1'],
  ['quotactl', 179, 60, '-1,0,0,0'],
  ['syslog', 103, 116, '10,0,0'],
  ['settimeofday', 164, 170, '0,1'],
  ['clock_settime', 227, 112, '0,0'],
  ['adjtimex', 159, 171, '0'],
  ['sethostname', 170, 161, '0,-1'],
  ['mbind', 237, 235, '0,0,0,0,0,-1'],
  ['move_pages', 279, 239, '-1,0,0,0,0,0'],
  // ADDR_NO_RANDOMIZE; into the best-effort class; the class in use is asked first.
  ['personality', 135, 92, '0x40000'],
  ['ioprio_set', 251, 30, '1,0,0x4004'],
  // netlink, to the kernel's audit.
  ['socket', 41, 198, '16,3,9'],
];

/** A call that hangs or ends its process must not take the others with it. */
const script = `use strict;
  for my $call (@ARGV) { my ($name, @numbers) = split /,/, $call;
    my @values = map { /^0x/ ? hex($_) : $_ + 0 } @numbers;
    pipe(my $read, my $write); my $pid = fork();
    if ($pid == 0) { $! = 0; my $answer = syscall($values[0], @values[1 .. $#values]);
      exit 0 if $answer == 0 && $name eq 'clone'; # the child of one that was allowed
      syswrite $write, $answer < 0 ? $! + 0 : 'allowed'; exit 0 }
    close $write; my $said = ''; sysread $read, $said, 99; waitpid $pid, 0; print "$name $said\\n" }`;

describeHere(`system calls${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let fixture: SandboxFixture;

  beforeAll(async () => {
    fixture = await openFixture();
    mkdirSync(fixture.workDir);
  });
  afterAll(async () => {
    await fixture.close();
  });

  /** What a program says inside, or how it ended. */
  async function inside(argv: readonly string[], name = 'calls'): Promise<string> {
    const sandbox = await fixture.launch(
      name,
      `import { spawnSync } from 'node:child_process'; import fs from 'node:fs';
       const [program, ...args] = JSON.parse(${JSON.stringify(JSON.stringify(argv))});
       const { stdout, stderr, status, signal, error } = spawnSync(program, args, { encoding: 'utf8', input: '' });
       fs.writeFileSync('/lull/work/said', (stdout + stderr).trim() + (status === 0 ? '' : (signal ?? error?.code ?? ' ' + status)));`,
    );
    await sandbox.exited;
    await sandbox.close();
    return readFileSync(join(fixture.workDir, 'said'), 'utf8');
  }

  const numbered = ['x64', 'arm64'].includes(process.arch) ? test : test.skip;
  numbered('those that reach beyond an updater fail as if the kernel had none (T6)', async () => {
    const asked = calls.map(([name, x64, arm64, args = '']) =>
      [name, process.arch === 'x64' ? x64 : arm64, args].join(','),
    );
    const outside = await promisify(execFile)('perl', ['-e', script, ...asked], {
      uid: NOBODY,
      gid: NOBODY,
      cwd: '/',
    });
    const withoutFilter = resultsOf(outside.stdout);
    const known = [...withoutFilter].filter(([, result]) => result !== String(ENOSYS));
    // Without this the test would show nothing.
    expect(known.length).toBeGreaterThan(calls.length / 2);
    const withFilter = resultsOf(await inside(['perl', '-e', script, ...asked]));
    expect(new Map(known.map(([name]) => [name, withFilter.get(name)]))).toEqual(
      new Map(known.map(([name]) => [name, String(ENOSYS)])),
    );
  });

  test('a family of sockets that no namespace confines is not there; the usual ones are', async () => {
    const say = `for (@ARGV) { my ($f, $t, $p) = split /,/; print socket(my $s, $f, $t, $p) ? 'open ' : ($! + 0) . ' ' }`;
    // Unix, IPv4, IPv6, netlink for the list of interfaces; packets, crypto, the machine below.
    const families = ['1,1,0', '2,1,0', '10,1,0', '16,3,0', '17,3,0', '38,5,0', '40,1,0'];
    expect((await inside(['perl', '-e', say, ...families])).trim()).toBe(
      'open open open open 97 97 97',
    );
  });

  test('what would make the kernel load a module for it is not there: pairs, protocols and types', async () => {
    const say = `for (@ARGV) { my ($what, $f, $t, $p) = split /,/;
      my $made = $what eq 'pair' ? socketpair(my $a, my $b, $f, $t, $p) : socket(my $s, $f, $t, $p);
      print "$_ ", $made ? 'open' : $! + 0, "\\n" }`;
    const [noFamily, noProtocol, noCall] = ['97', '93', String(ENOSYS)];
    const all = (said: string, asked: string): [string, string][] =>
      asked.split(' ').map((each) => [each, said]);
    const expected = new Map([
      ...all('open', 'pair,1,1,0 pair,1,2,0 pair,1,5,0'),
      // IPv4, netlink, RDS, TIPC, the machine below, SMC.
      ...all(noFamily, 'pair,2,1,0 pair,16,1,0 pair,21,1,0 pair,30,1,0 pair,40,1,0 pair,43,1,0'),
      ...all('open', 'one,2,1,6 one,2,2,17 one,10,1,6 one,10,2,0'),
      // SCTP, DCCP, UDP-Lite, MPTCP.
      ...all(noProtocol, 'one,2,1,132 one,10,5,132 one,2,6,33 one,2,2,136 one,2,1,262'),
      // Packets by hand, and DCCP and SCTP by their types.
      ...all(noCall, 'one,2,3,17 one,2,6,0 one,10,5,0'),
    ]);
    const said = await inside(['perl', '-e', say, ...expected.keys()]);
    expect(resultsOf(said)).toEqual(expected);
  });

  const onX64 = process.arch === 'x64' ? test : test.skip;
  onX64('a call in the way of a 32-bit program ends the process, and one of x32', async () => {
    // mov eax, 20 (getpid); int 0x80; exit(0) by the 64-bit way.
    const code = 'b814000000cd80b83c00000031ff0f05';
    const program = join(fixture.workDir, 'i386');
    writeFileSync(program, Buffer.from(tinyElf(code), 'hex'), { mode: 0o755 });
    // A kernel without 32-bit programs ends it by itself.
    const { signal } = spawnSync(program);
    expect(await inside(['/lull/work/i386'])).toBe(signal ?? 'SIGSYS');
    expect(await inside(['perl', '-e', 'syscall(0x40000000 | 39); print "allowed"'])).toBe(
      'SIGSYS',
    );
  });

  test('what updaters are made of works: threads, pipes, git, tar, shells, Python', async () => {
    const python = `import threading, subprocess, socket, tempfile, os, select, time, random
t = threading.Thread(target=lambda: None); t.start(); t.join()
assert subprocess.check_output(['echo', 'x']) == b'x\\n'
a, b = socket.socketpair(); a.send(b'1'); assert select.select([b], [], [], 1)[0]
with tempfile.TemporaryDirectory() as d: os.rename(d, d + 'x'); os.rename(d + 'x', d)
os.sched_getaffinity(0); os.urandom(4); time.sleep(0.01); print('python')`;
    const shell = `set -e; cd "$LULL_WORK"; mkdir -p tree; echo text > tree/file; ln tree/file tree/hard
ln -s file tree/soft; mkfifo tree/pipe; rm tree/pipe; chmod 750 tree; touch -d 2020-01-01 tree/file
tar cf tree.tar tree; rm -r tree; tar xf tree.tar; cat tree/soft; nice true; ionice -c3 true
gzip -k tree.tar; ! ionice -c2 true 2>/dev/null; sort tree/file | head -1; (sleep 0 & wait)`;
    const git = `set -e; cd "$LULL_WORK"; git init -q repo; cd repo; echo 1 > a; git add a
git -c user.name=u -c user.email=u@x commit -qm one; git gc -q; git log --format=%s`;
    expect(await inside(['sh', '-c', shell])).toBe('text\ntext');
    if (existsSync('/usr/bin/python3'))
      expect(await inside(['python3', '-c', python])).toBe('python');
    if (existsSync('/usr/bin/git')) expect(await inside(['sh', '-c', git])).toBe('one');
  });
});

function resultsOf(text: string): Map<string, string> {
  return new Map(
    text
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
}

/** A 64-bit program for Linux that is nothing but this code. */
function tinyElf(codeHex: string): string {
  const code = Buffer.from(codeHex, 'hex');
  const base = 0x400000;
  const header = Buffer.alloc(120);
  Buffer.from('7f454c46020101', 'hex').copy(header);
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt16LE(62, 18); // for x86-64
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(base + 120), 24); // where it starts
  header.writeBigUInt64LE(64n, 32); // where its one segment is described
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56);
  header.writeUInt32LE(1, 64); // loaded
  header.writeUInt32LE(5, 68); // to be read and executed
  header.writeBigUInt64LE(BigInt(base), 80);
  header.writeBigUInt64LE(BigInt(base), 88);
  header.writeBigUInt64LE(BigInt(120 + code.length), 96);
  header.writeBigUInt64LE(BigInt(120 + code.length), 104);
  header.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([header, code]).toString('hex');
}
