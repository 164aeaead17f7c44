// unattended-upgrades told to stop while it changes things, again and again, each time on a machine with
// every package behind.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pause } from '../../runtime/deadline.js';
import type { CloseStack } from '../../runtime/shutdown.js';
import { openUnattended, type World } from './world.spawn.js';

const PACKAGES = 10;
const BEGIN_MS_MAX = 120_000;
const LOOK_MS = 20;
const STOP_MS_MAX = 60_000;

/** @returns ms from SIGTERM to its end, or undefined: it was not in mid-run. */
export type Stop = () => Promise<number | undefined>;

/** @returns how to stop one, or why there is none here. */
export async function openStopped(scratch: string, opened: CloseStack): Promise<Stop | string> {
  const makeWorld = await openUnattended(scratch, PACKAGES);
  if (typeof makeWorld === 'string') return makeWorld;
  return () => stopIn(makeWorld(), opened);
}

async function stopIn(world: World, opened: CloseStack): Promise<number | undefined> {
  const [program, ...args] = world.command;
  const child = spawn(program, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
  opened.add('unattended-upgrades', {
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  });
  const untilMs = performance.now() + BEGIN_MS_MAX;
  while (!world.hasBegun() && child.exitCode === null && performance.now() < untilMs) {
    await pause(LOOK_MS);
  }
  const startMs = performance.now();
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  await exited;
  clearTimeout(late);
  const stopMs = performance.now() - startMs;
  return world.updated() > 0 && world.updated() < PACKAGES ? stopMs : undefined;
}
