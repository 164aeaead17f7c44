// Others that stay on a machine all day, where they are installed: one that watches it, and one that
// keeps its software up to date. Each has a bus of this benchmark's own, as Lull has none either.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';

const SETTLE_MS = 1_000;
const KILL_AFTER_MS = 5_000;
const EXPORTER = 'prometheus-node-exporter';
/** Debian's place and that of others. */
const packageKits = ['/usr/libexec/packagekitd', '/usr/lib/packagekitd'];

/** @returns the process of each that is installed and runs, by its name. */
export async function startPeers(
  scratch: string,
  opened: CloseStack,
  say: (text: string) => void,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const peers = new Map<string, readonly number[]>();
  const exporter = await start(EXPORTER, ['--web.listen-address', '127.0.0.1:0'], {}, opened);
  const packageKit = await startPackageKit(scratch, opened);
  await pause(SETTLE_MS);
  for (const [name, pid] of Object.entries({ exporter, packagekitd: packageKit })) {
    if (pid !== undefined && existsSync(`/proc/${String(pid)}`)) peers.set(name, [pid]);
    else say(`${name} is not installed or does not run here; not beside it.`);
  }
  return peers;
}

async function startPackageKit(scratch: string, opened: CloseStack): Promise<number | undefined> {
  const program = packageKits.find((path) => existsSync(path));
  if (program === undefined) return undefined;
  const config = join(scratch, 'bus.conf');
  const socket = join(scratch, 'bus');
  writeFileSync(
    config,
    `<busconfig><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth><policy context="default">
     <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>`,
  );
  const bus = ['--nofork', '--nopidfile', `--config-file=${config}`];
  if ((await start('dbus-daemon', bus, {}, opened)) === undefined) return undefined;
  await pause(SETTLE_MS);
  const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${socket}` };
  // Its timer ends it when nobody asks: here it is to stay.
  return await start(program, ['--disable-timer', '--keep-environment'], env, opened);
}

/** @returns its process id, or undefined where it cannot be started. */
async function start(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  opened: CloseStack,
): Promise<number | undefined> {
  const child = spawn(program, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false);
  if (!started) return undefined;
  const exited = once(child, 'exit');
  opened.add(program, {
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
      await exited;
      clearTimeout(late);
    },
  });
  return child.pid;
}
