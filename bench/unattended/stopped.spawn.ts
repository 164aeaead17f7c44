// unattended-upgrades told to stop while it changes things.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pause } from '../../runtime/deadline.js';
import { openUnattended } from './world.spawn.js';

const PACKAGES = 10;
const BEGIN_MS_MAX = 120_000;
const LOOK_MS = 20;
const STOP_MS_MAX = 60_000;

/** @returns ms from SIGTERM to its end, or why there is no such figure. */
export async function stopUnattendedUpgrades(scratch: string): Promise<number | string> {
  const makeWorld = await openUnattended(scratch, PACKAGES);
  if (typeof makeWorld === 'string') return makeWorld;
  const world = makeWorld();
  const [program, ...args] = world.command;
  const child = spawn(program, args, { stdio: 'ignore' });
  const exited = once(child, 'exit');
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
  return world.updated() > 0 && world.updated() < PACKAGES ? stopMs : 'was not in mid-run';
}
