// Whether sandboxes, and disks of a test's own, can be had here. Where they can't, tests that need one
// are skipped, and the name of each says why.

import { test } from '@jest/globals';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { versionTwo } from './version-two.js';
import { natsServerProgram } from '../../runtime/nats-server.testing.js';

const CAP_SYS_ADMIN = 21n;

/** A test that starts a whole Lull, with a sandbox. */
export function sandboxTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForSandbox, situation, body, msMax);
}

/** A test of an ordinary user who starts a whole Lull. */
export function ordinaryUserTest(
  situation: string,
  body: () => Promise<void>,
  msMax = 300_000,
): void {
  testUnless(missingForOrdinaryUser, situation, body, msMax);
}

/** The same, with crun. */
export function crunTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForOrdinaryUser ?? whatIsMissing(['crun']), situation, body, msMax);
}

/** A test with a tool in shell, which speaks HTTP by curl. */
export function shellTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(whatIsMissing(['runc', 'curl']), situation, body, msMax);
}

/** A test with an updater in Python, which needs Debian's python3-grpcio and python3-protobuf. */
export function pythonTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForPython, situation, body, msMax);
}

/** A test of what bounds a work directory. */
export function quotaTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForSandbox ?? missingForDisk, situation, body, msMax);
}

/** A test that makes disks of its own, and cuts their power. */
export function diskTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForDisk, situation, body, msMax);
}

/** The same, with a nats-server on such a disk. */
export function natsDiskTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForDisk ?? missingForNats, situation, body, msMax);
}

/** A test whose disk remembers every write. */
export function recordedDiskTest(
  situation: string,
  body: () => Promise<void>,
  msMax = 300_000,
): void {
  const missing = existsSync('/dev/fuse') ? undefined : 'needs FUSE';
  testUnless(missingForDisk ?? missing, situation, body, msMax);
}

/** A test of a fleet, without a sandbox. */
export function fleetTest(situation: string, body: () => Promise<void>, msMax: number): void {
  testUnless(missingForNats, situation, body, msMax);
}

/** A test with a sandbox on a machine of a fleet. */
export function fleetSandboxTest(
  situation: string,
  body: () => Promise<void>,
  msMax = 300_000,
): void {
  testUnless(missingForSandbox ?? missingForNats, situation, body, msMax);
}

/** A test on a machine of its own, whose first process is systemd. */
export function systemdTest(situation: string, body: () => Promise<void>, msMax = 300_000): void {
  testUnless(missingForSystemd, situation, body, msMax);
}

/** The same, with a server for a fleet there. */
export function fleetSystemdTest(
  situation: string,
  body: () => Promise<void>,
  msMax = 300_000,
): void {
  testUnless(missingForSystemd ?? missingForNats, situation, body, msMax);
}

const missingForNats = natsServerProgram === undefined ? 'needs nats-server 2.10' : undefined;
const missingForSandbox = whatIsMissing(['runc']);
const missingForOrdinaryUser =
  versionTwo() === undefined
    ? 'needs control groups of version 2'
    : whatIsMissing(['runc', 'newuidmap', 'newgidmap', 'unshare', 'setpriv']);
const missingForSystemd = existsSync('/lib/systemd/systemd')
  ? whatIsMissing(['runc', 'unshare', 'nsenter'])
  : 'needs systemd';
const missingForPython = existsSync('/usr/lib/python3/dist-packages/grpc')
  ? whatIsMissing(['runc', 'python3'])
  : 'needs python3-grpcio';
const missingForDisk = existsSync('/dev/loop-control')
  ? whatIsMissing(['mkfs.ext4', 'debugfs', 'mount'])
  : 'needs loop devices';

/** A test that skips itself where something is missing, and says what. */
export function testUnless(
  missing: string | undefined,
  situation: string,
  body: () => Promise<void>,
  msMax: number,
): void {
  if (missing === undefined) test(situation, body, msMax);
  else test.skip(`${situation} (skipped here: ${missing})`, body);
}

/** What of root's powers and of these programs is not to be had here, or undefined. */
function whatIsMissing(programs: readonly string[]): string | undefined {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const canAdminister = ((BigInt(`0x${effective ?? '0'}`) >> CAP_SYS_ADMIN) & 1n) === 1n;
  if (process.getuid?.() !== 0 || !canAdminister) return 'needs root';
  const path = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`;
  const absent = programs.find(
    (program) => !path.split(delimiter).some((dir) => isProgram(join(dir, program))),
  );
  return absent === undefined ? undefined : `needs ${absent}`;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
