// A program that does nothing but write to the freezer of a control group: the limit.
//
//   main FREEZER FROZEN THAWED STAMPS COUNT   →   one JSON array of latencies in ms

import { openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { latencyMs } from '../latency.js';
import { openStamps } from '../stamps.fs.js';

const SETTLE_MS = 25;
const RUN_MS = { min: 15, spread: 40 };

const [freezer = '', frozen = '', thawed = '', stampsFile = '', count = '0'] =
  process.argv.slice(2);
const fd = openSync(freezer, 'r+');
const stamps = openStamps(stampsFile);
const latencies: number[] = [];
try {
  while (latencies.length < Number(count)) {
    await stamps.moved(stamps.newestNs());
    await sleep(RUN_MS.min + Math.random() * RUN_MS.spread);
    const edgeNs = process.hrtime.bigint();
    writeSync(fd, frozen);
    const frozenNs = process.hrtime.bigint();
    await sleep(SETTLE_MS);
    latencies.push(latencyMs({ edgeNs, frozenNs, lastStampNs: stamps.newestNs() }));
    writeSync(fd, thawed);
  }
} finally {
  writeSync(fd, thawed);
}
process.stdout.write(JSON.stringify(latencies));
