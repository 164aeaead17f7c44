// The canary: tries, from inside of a sandbox, what no updater may do, and says what came of it.
//
// It is one file and needs nothing but Node.js and what every Linux has, so that it runs wherever an
// updater runs. Its answer is the last line that it writes to stderr: {"shadow":"denied",…}.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';

type Result = 'denied' | 'allowed' | 'unknown';

/** What the host prepared for it: its one argument. */
interface Bait {
  readonly port: number;
  /** Sockets of the host, by path; an abstract one begins with NUL. */
  readonly sockets: readonly string[];
  /** Said to whoever answers there, so that the host knows who came. */
  readonly word: string;
  readonly memoryBytesMax: number;
  readonly processesMax: number;
  readonly diskBytesMax: number;
}

// What it tries would come true elsewhere: it mounts over /tmp, and writes to files of the system.
if (!fs.existsSync('/lull/work')) throw new Error('the canary is for a sandbox');

const bait = JSON.parse(process.argv[2] ?? '{}') as Bait;
const CONNECT_MS_MAX = 5_000;
const CHUNK_BYTES = 1024 * 1024;
/** Twice what an updater may open. */
const FILES_TRIED = 8_192;

function can(attempt: () => unknown): Result {
  try {
    attempt();
    return 'allowed';
  } catch {
    return 'denied';
  }
}

function any(results: readonly Result[]): Result {
  return results.find((result) => result !== 'denied') ?? 'denied';
}

function environment(): Result {
  const own = new Set(Object.keys(process.env));
  const names = fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
      } catch {
        return [];
      }
    })
    .map((pair) => pair.split('=')[0] ?? '')
    .filter((name) => name !== '');
  return names.every((name) => own.has(name)) ? 'denied' : 'allowed';
}

function reaches(where: { port: number; host: string } | { path: string }): Promise<Result> {
  return new Promise((resolve) => {
    const socket = connect(where);
    const end = (result: Result): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => {
      socket.write(bait.word, () => {
        end('allowed');
      });
    });
    socket.once('error', () => {
      end('denied');
    });
    setTimeout(end, CONNECT_MS_MAX, 'unknown').unref();
  });
}

async function network(): Promise<Result> {
  const others = Object.keys(networkInterfaces()).filter((name) => name !== 'lo');
  if (others.length > 0) return 'allowed';
  return reaches({ port: bait.port, host: '127.0.0.1' });
}

function namespace(): Result {
  const commands = [
    ['unshare', '--user', 'true'],
    ['mount', '-t', 'tmpfs', 'none', '/tmp'],
  ].map(([program = '', ...args]) => spawnSync(program, args, { stdio: 'ignore' }));
  if (commands.some(({ status }) => status === 0)) return 'allowed';
  // Without these programs the filter is what refuses the calls; `privileges` looks for it.
  return 'denied';
}

function outside(): Result {
  const places = ['/', '/usr', '/etc', '/dev', '/lull', '/lull/bundle', '/lull/host'];
  const files = [...places.map((place) => join(place, 'canary')), '/proc/sys/kernel/core_pattern'];
  return any(
    files.map((file) =>
      can(() => {
        fs.writeFileSync(file, 'canary', { flag: 'a' });
      }),
    ),
  );
}

function strangers(): Result {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.every((pid) => pid === String(process.pid)) ? 'denied' : 'allowed';
}

function descriptors(): Result {
  const fds = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return 'closed meanwhile';
    }
  });
  const files = fds.filter((path) => path.startsWith('/') && path !== '/dev/null');
  return files.every((path) => /^\/proc\/\d+\/fd$/.test(path)) ? 'denied' : 'allowed';
}

function privileges(): Result {
  const status = fs.readFileSync('/proc/self/status', 'latin1');
  const wanted = [/^CapEff:\t0+$/m, /^CapBnd:\t0+$/m, /^NoNewPrivs:\t1$/m, /^Seccomp:\t2$/m];
  return wanted.every((line) => line.test(status)) ? 'denied' : 'allowed';
}

function memory(): Result {
  const bytes = String(bait.memoryBytesMax);
  // The buffer of dd is the memory; another Node.js costs as much as all other trials.
  const takers: [string, ...string[]][] = [
    ['dd', 'if=/dev/zero', 'of=/dev/null', `bs=${bytes}`, 'count=1'],
    [process.execPath, '--eval', `Buffer.alloc(${bytes}, 1)`],
  ];
  // In large pages, where there are any: a small one may cost a virtual machine 20 µs.
  const env = { ...process.env, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };
  for (const [program, ...args] of takers) {
    const { status, error } = spawnSync(program, args, { stdio: 'ignore', env });
    if (error === undefined) return status === 0 ? 'allowed' : 'denied';
  }
  return 'unknown';
}

async function processes(): Promise<Result> {
  const children: ChildProcess[] = [];
  const start = async (): Promise<NodeJS.ErrnoException | undefined> => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    children.push(child);
    return new Promise((resolve) => {
      child.once('spawn', resolve.bind(undefined, undefined));
      child.once('error', resolve);
    });
  };
  let refused: NodeJS.ErrnoException | undefined;
  while (refused === undefined && children.length < bait.processesMax) refused = await start();
  const ends = children.filter(({ pid }) => pid !== undefined).map((child) => once(child, 'exit'));
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(ends);
  if (refused === undefined) return 'allowed';
  // Anything else says nothing of a limit: a machine may have no such program.
  return refused.code === 'EAGAIN' ? 'denied' : 'unknown';
}

function files(): Result {
  const open: number[] = [];
  const result = can(() => {
    while (open.length < FILES_TRIED) open.push(fs.openSync('/dev/null', 'r'));
  });
  for (const fd of open) fs.closeSync(fd);
  return result;
}

/** Writes more than `bytesMax` below `dir`, in files that are each small enough. */
function fill(dir: string, bytesMax: number): Result {
  const chunk = Buffer.alloc(CHUNK_BYTES, 1);
  const place = join(dir, 'canary');
  const result = can(() => {
    fs.mkdirSync(place);
    for (let bytes = 0; bytes <= bytesMax; bytes += CHUNK_BYTES) {
      fs.writeFileSync(join(place, String(bytes)), chunk);
    }
  });
  // Where nothing can be written there is nothing to take away.
  can(() => {
    fs.rmSync(place, { recursive: true, force: true });
  });
  return result;
}

/** In a user namespace of its own it can be no more than two of the machine's users. */
function userNamespace(): Result {
  const lines = fs.readFileSync('/proc/self/uid_map', 'latin1').trim().split('\n');
  const ids = lines.map((line) => Number(line.trim().split(/\s+/)[2]));
  return ids.reduce((sum, count) => sum + count, 0) <= 2 ? 'denied' : 'allowed';
}

const results: Record<string, Result> = {
  shadow: can(() => fs.readFileSync('/etc/shadow')),
  environment: environment(),
  network: await network(),
  sockets: any(await Promise.all(bait.sockets.map((path) => reaches({ path })))),
  namespace: namespace(),
  outside: outside(),
  strangers: strangers(),
  descriptors: descriptors(),
  privileges: privileges(),
  files: files(),
  tmp: any(['/tmp', '/lull/channel'].map((dir) => fill(dir, bait.diskBytesMax))),
  disk: fill('/lull/work', bait.diskBytesMax),
  users: userNamespace(),
  processes: await processes(),
  memory: memory(),
};
process.stderr.write(`\n${JSON.stringify(results)}\n`);
