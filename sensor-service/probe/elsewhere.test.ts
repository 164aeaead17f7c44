// What is asked on other systems, asked on this one: nothing answers here, and that is what has to be said.

import { cpus } from 'node:os';
import { beforeAll, expect, test } from '@jest/globals';
import { readingKey, type Value } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { pause } from '../../runtime/deadline.js';
import type { Measurement } from '../reading/measurement.js';
import type { PresenceSignal } from '../reading/presence.js';
import { createRounds } from '../sampling/round.loop.js';
import { probesElsewhere } from './elsewhere.js';

const NOW_MS = 1_900_000_000_000;

// It is loaded where it is first asked, which is no part of what is tried here.
beforeAll(async () => {
  await import('systeminformation');
});

/** Waits until the kernel has counted some time: a share needs two counts that differ. */
async function ticked(): Promise<void> {
  const ticks = (): number =>
    cpus().reduce((sum, { times }) => sum + times.idle + times.user + times.sys, 0);
  for (const before = ticks(); ticks() === before;) await pause(10);
}

async function ask(platform: NodeJS.Platform): Promise<{
  values: Map<string, Value>;
  sensed: PresenceSignal[];
}> {
  const told: Measurement[] = [];
  const sensed: PresenceSignal[] = [];
  const rounds = createRounds({
    log: createLog('sensor', 'silent'),
    probes: probesElsewhere(platform, {
      awayAfterMs: 240_000,
      sense: (signal) => sensed.push(signal),
      wallMs: () => NOW_MS,
    }),
    tell: (measured) => told.push(...measured),
    // A bound for what hangs; a machine that is merely busy takes less.
    probeMsMax: 20_000,
  });
  for (const ms of [0, 1_000]) {
    rounds.measure({ wallMs: NOW_MS + ms, monotonicMs: ms });
    await rounds.answered();
    await ticked();
  }
  const values = new Map(told.map((each) => [readingKey(each.signal, each.instance), each.value]));
  return { values, sensed };
}

test.each<[NodeJS.Platform, string, RegExp]>([
  ['darwin', 'power.ac', /^pmset did not answer: spawn pmset ENOENT$/],
  ['darwin', 'thermal', /^pmset did not answer/],
  ['win32', 'attention.inhibitor', /^powercfg did not answer/],
])('%s, without its commands: %s is unknown and says so', async (platform, key, why) => {
  const { values } = await ask(platform);
  expect(values.get(key)).toEqual({ kind: 'unknown', why: expect.stringMatching(why) as unknown });
});

test.each<[NodeJS.Platform]>([['darwin'], ['win32']])(
  '%s, without its commands: nobody vouches for the seat, and what Node.js knows is known',
  async (platform) => {
    const { values, sensed } = await ask(platform);
    const seat = sensed.filter(({ places }) => places.includes('seat'));
    expect(seat.map(({ verdict }) => verdict.kind)).toContain('unknown');
    for (const key of ['cpu.busy', 'cpu.cores', 'memory.used', 'boot.at']) {
      expect([key, values.get(key)?.kind]).toEqual([key, 'number']);
    }
  },
);

test('a system that nobody wrote probes for has what Node.js knows, and no presence', async () => {
  const { values, sensed } = await ask('freebsd');
  expect(values.get('cpu.cores')?.kind).toBe('number');
  expect(sensed).toEqual([]);
});
