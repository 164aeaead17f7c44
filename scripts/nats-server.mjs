// A nats-server for the tests of fleets: the one that is here, or Debian's of a later release. It is
// unpacked below dist/, not installed.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fetchProgram } from './later-debian.mjs';
import { findProgram, root, run } from './steps.mjs';

/** The first that can sync every write. */
const MINOR_MIN = 10;
const unpacked = join(root, 'dist/tools/nats-server');

/** Where it is, or undefined. */
export async function findNatsServer() {
  const candidates = [process.env.NATS_SERVER, findProgram('nats-server'), unpacked];
  for (const path of candidates) {
    if (path !== undefined && existsSync(path) && (await isNewEnough(path))) return path;
  }
  return undefined;
}

/** @returns why it cannot be had, or undefined. Throws a StepError where fetching does not work. */
export function fetchNatsServer(options) {
  return fetchProgram({ name: 'nats-server', path: 'usr/sbin/nats-server', to: unpacked }, options);
}

async function isNewEnough(path) {
  const { ok, output } = await run([path, '--version']);
  const [, major, minor] = /v(\d+)\.(\d+)/.exec(output) ?? [];
  return ok && (Number(major) > 2 || (Number(major) === 2 && Number(minor) >= MINOR_MIN));
}
