// A peer that also watches a machine, where it is installed.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pause } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';

const SETTLE_MS = 1_000;

/** @returns its process id, or undefined where it is not installed. */
export async function startExporter(opened: CloseStack): Promise<number | undefined> {
  const address = ['--web.listen-address', '127.0.0.1:0'];
  const child = spawn('prometheus-node-exporter', address, { stdio: 'ignore' });
  const started = await Promise.race([
    once(child, 'spawn').then(() => true),
    once(child, 'error').then(() => false),
  ]).catch(() => false);
  if (!started) return undefined;
  const exited = once(child, 'exit');
  opened.add('exporter', {
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exited;
    },
  });
  await pause(SETTLE_MS);
  return child.exitCode === null ? child.pid : undefined;
}
