// A machine of a test's own, emulated as a whole: scripts/machine-image.mjs says what is on it. Its power
// can be cut, and somebody can type at it. Its network is one port of this machine's loopback.
//
// Software emulates its processors, so that it needs nothing of the machine that runs the tests; it is
// slow by a factor of ten.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../runtime/nats-server.testing.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { pause } from '../../runtime/deadline.js';
import { until } from '../../runtime/until.testing.js';
import { repositoryRoot } from '../architecture/tree.fs.js';
import { openQmp, type Qmp } from './qmp.js';

const run = promisify(execFile);
const BOOT_MS_MAX = 240_000;
const COMMAND_MS_MAX = 180_000;
/** One that does not answer is not there yet. */
const HELLO_MS_MAX = 20_000;
const QMP_MS_MAX = 20_000;
const BETWEEN_KEYS_MS = 120;
const MEMORY_MIB = 1_536;
const image = join(repositoryRoot(), 'dist/tools/machine');

/** Why there is none here, or undefined. */
export const missingForMachine = existsSync(join(image, 'disk.img'))
  ? undefined
  : 'needs a machine, see --try-machine in scripts/setup.mjs';

export interface Machine extends Closeable {
  /** What a program says there, run by root. @throws when it fails. */
  exec(...command: readonly string[]): Promise<string>;
  /** At its own keyboard; "\n" is the Enter key. */
  type(text: string): Promise<void>;
  /** Its power switch, pressed for a moment: what wakes it from its sleep. */
  wake(): Promise<void>;
  isAsleep(): Promise<boolean>;
  /** What it had not yet written is gone. */
  cutPower(): Promise<void>;
  /** Switched on again after that. */
  boot(): Promise<void>;
}

/**
 * @param directory for its disk, which is gone with it.
 * @param brought an image of ext4, which it finds at /mnt.
 */
export async function startMachine(directory: string, brought: string): Promise<Machine> {
  const disk = join(directory, 'disk.img');
  await run('cp', ['--sparse=always', '--reflink=auto', join(image, 'disk.img'), disk]);
  const port = await freePort();
  const door = [
    ...['-i', join(image, 'key'), '-p', String(port), '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
    ...['-o', 'LogLevel=ERROR', 'root@127.0.0.1'],
  ];
  let child: ChildProcess | undefined;
  let qmp: Qmp | undefined;

  const ssh = async (line: string, msMax: number): Promise<string> =>
    (await run('ssh', [...door, line], { timeout: msMax })).stdout;
  const exec: Machine['exec'] = (...command) => ssh(command.map(quoted).join(' '), COMMAND_MS_MAX);

  async function boot(): Promise<void> {
    const socket = join(directory, 'qmp');
    const started = spawn('qemu-system-x86_64', argsOf({ disk, brought, port, socket }), {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child = started;
    let said = '';
    started.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
    const isThere = async (): Promise<boolean> => {
      if (started.exitCode !== null) throw new Error(`QEMU ended: ${said}`);
      return ssh('true', HELLO_MS_MAX).then(
        () => true,
        () => false,
      );
    };
    const opened = async (): Promise<Qmp | undefined> => openQmp(socket).catch(() => undefined);
    qmp = await until('QEMU listens', opened, { withinMs: QMP_MS_MAX, everyMs: 100 });
    await until('the machine has booted', isThere, { withinMs: BOOT_MS_MAX, everyMs: 500 });
  }

  async function cutPower(): Promise<void> {
    qmp?.close();
    if (child === undefined) return;
    const isOver = child.exitCode !== null || child.signalCode !== null;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    if (!isOver) await ended;
  }

  function switched(): Qmp {
    if (qmp === undefined) throw new Error('the machine is switched off');
    return qmp;
  }

  try {
    await boot();
  } catch (error) {
    await cutPower();
    const console = join(directory, 'console');
    const last = existsSync(console) ? readFileSync(console, 'utf8').slice(-2_000) : '';
    throw new Error(`the machine did not start; its console ends with:\n${last}`, { cause: error });
  }
  return {
    exec,
    type: async (text) => {
      for (const char of text) {
        const keys = [{ type: 'qcode', data: char === '\n' ? 'ret' : char }];
        await switched().ask('send-key', { keys });
        await pause(BETWEEN_KEYS_MS);
      }
    },
    wake: async () => {
      await switched().ask('system_wakeup');
    },
    isAsleep: async () => {
      const { status } = (await switched().ask('query-status')) as { status: string };
      return status === 'suspended';
    },
    cutPower,
    boot,
    close: cutPower,
  };
}

function argsOf(of: { disk: string; brought: string; port: number; socket: string }): string[] {
  const console = join(of.socket, '..', 'console');
  const drive = (file: string, more = ''): string => `file=${file},if=virtio,format=raw${more}`;
  return [
    ...['-M', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2'],
    ...['-m', String(MEMORY_MIB), '-display', 'none', '-no-reboot'],
    ...['-kernel', join(image, 'kernel'), '-initrd', join(image, 'initrd')],
    ...['-append', 'root=/dev/vda rw console=tty0 console=ttyS0'],
    ...['-drive', drive(of.disk), '-drive', drive(of.brought, ',readonly=on')],
    ...['-netdev', `user,id=n,restrict=on,hostfwd=tcp:127.0.0.1:${String(of.port)}-:22`],
    ...['-device', 'virtio-net-pci,netdev=n', '-serial', `file:${console}`],
    ...['-qmp', `unix:${of.socket},server=on,wait=off`],
  ];
}

/** For the shell at the other end. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
