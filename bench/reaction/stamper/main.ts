// stamper.c for machines without a compiler: stamps are written, not mapped, and so are rarer.

import { fork } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const SLOT_BYTES = 64;
const SHORT_MS = 1;
const EXIT_STEP_MS = 1;

const [file = '', count = '1', slot, lifeMs = '0'] = process.argv.slice(2);
if (slot === undefined) await parent(Number(count));
else stamp(Number(slot), Number(lifeMs));

async function parent(busyCount: number): Promise<never> {
  closeSync(openSync(file, 'a', 0o600));
  for (let each = 0; each < busyCount; each += 1) child(each, 0);
  for (;;) {
    const short = child(busyCount, SHORT_MS);
    while (short.exitCode === null && short.signalCode === null) await sleep(EXIT_STEP_MS);
  }
}

function child(of: number, forMs: number) {
  return fork(process.argv[1] ?? '', [file, count, String(of), String(forMs)]);
}

/** @param forMs 0: until it is killed. */
function stamp(of: number, forMs: number): void {
  const fd = openSync(file, 'r+');
  const word = Buffer.alloc(8);
  const startNs = process.hrtime.bigint();
  const lifeNs = BigInt(forMs) * 1_000_000n;
  for (let atNs = startNs; forMs === 0 || atNs - startNs < lifeNs;) {
    atNs = process.hrtime.bigint();
    word.writeBigUInt64LE(atNs);
    writeSync(fd, word, 0, word.length, of * SLOT_BYTES);
  }
  process.exit(0);
}
