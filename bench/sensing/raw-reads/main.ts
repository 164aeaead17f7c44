// The limit: a program that reads the same files as Lull's sensors, as often and in the same way, and does
// nothing with them. What is looked at in every round stays open for a moment; the rest is opened anew.

import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';

const [everyMs = '90'] = process.argv.slice(2);

interface Due {
  readonly everyMs: number;
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

/** By how often each is due at most. As in sensor-service/probe. */
const seldom: readonly Due[] = [
  {
    ...{ everyMs: 900, files: ['/run/utmp'] },
    directories: ['/sys/class/power_supply', '/proc/asound'],
  },
  {
    everyMs: 1_900,
    files: [
      ...['cpu', 'io', 'memory'].map((name) => `/proc/pressure/${name}`),
      ...['/proc/meminfo', '/proc/net/dev'],
    ],
    directories: [],
  },
  { everyMs: 4_900, files: ['/proc/locks', '/proc/net/route'], directories: ['/sys/block'] },
];
const KEPT_MS = 900;
const FEW_MAX = 8;
const PAGE_BYTES = 4_096;
const buffer = Buffer.alloc(1_024 * 1_024);

/** What a kernel does not have, Lull does not read either. */
function orNothing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

function kept(path: string, bytesMax: number): (nowMs: number) => void {
  let fd: number | undefined;
  let openedAtMs = -Infinity;
  return (nowMs) => {
    if (nowMs - openedAtMs >= KEPT_MS) {
      if (fd !== undefined) closeSync(fd);
      fd = orNothing(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
      openedAtMs = nowMs;
    }
    let length = 0;
    for (let count = PAGE_BYTES; fd !== undefined && count > PAGE_BYTES / 2 && length < bytesMax;) {
      count = readSync(fd, buffer, length, bytesMax - length, length);
      length += count;
    }
  };
}

function readAnew(path: string): void {
  const fd = orNothing(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  if (fd === undefined) return;
  while (orNothing(() => readSync(fd, buffer, 0, buffer.length, null)));
  closeSync(fd);
}

/** As Lull does: each disk by its own file while there are few, all of them by one file else. */
function disks(): readonly ((nowMs: number) => void)[] {
  const names = (orNothing(() => readdirSync('/sys/block')) ?? []).filter((name) =>
    /^(?!loop|ram|zram|dm-|md|sr|fd|nbd)/.test(name),
  );
  if (names.length === 0 || names.length > FEW_MAX) return [kept('/proc/diskstats', 256 * 1_024)];
  return names.map((name) => kept(`/sys/block/${name}/stat`, 512));
}

const often = [kept('/proc/stat', 256), ...disks()];
const dueAtMs = seldom.map(() => -Infinity);

setInterval(() => {
  const nowMs = performance.now();
  for (const read of often) read(nowMs);
  for (const [index, due] of seldom.entries()) {
    if (nowMs < (dueAtMs[index] ?? 0)) continue;
    dueAtMs[index] = nowMs + due.everyMs;
    for (const path of due.files) readAnew(path);
    for (const path of due.directories) orNothing(() => readdirSync(path));
  }
}, Number(everyMs));
process.stdout.write('up\n');
