// Every file that is read, when something odd is in its place: a FIFO that nobody writes to, nothing any
// more, or junk. A table, so that a file that is read and not here stands out.

import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readingKey, signals, thermalWords, type Value } from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import type { Measurement } from '../reading/measurement.js';
import { createRounds, type Rounds } from '../sampling/round.loop.js';
import { everyProbe } from './every-probe.js';
import {
  createFakeMachine,
  diskText,
  pressureText,
  statText,
  type FakeMachine,
} from './fake-machine.testing.js';

const log = createLog('sensor', 'silent');
/** Everything is due after so long. */
const ROUND_MS = 301_000;
/** Longer than any probe may take. */
const DONE_MS_MAX = 5_000;

const zeros = (count: number): string => ' 0'.repeat(count);
const netDev = (bytes: number): string =>
  `Inter-|\n face |\n  eth0: ${String(bytes)}${zeros(15)}\n`;
const route = 'Iface\neth0\t00000000\t1\t3\t0\t0\t0\t00000000\t0\t0\t0\n';

/** Each file, what it says at first, and what is told by it alone. */
const files: readonly (readonly [path: string, key: string, text: string])[] = [
  ['proc/stat', 'cpu.busy', statText({ busy: 1_000, idle: 9_000 })],
  ['proc/pressure/cpu', 'pressure.cpu', pressureText(1_000)],
  ['proc/pressure/io', 'pressure.io', pressureText(1_000)],
  ['proc/pressure/memory', 'pressure.memory', pressureText(1_000)],
  ['proc/meminfo', 'memory.used', 'MemTotal: 8000 kB\nMemAvailable: 6000 kB\n'],
  ['proc/diskstats', 'disk.busy', diskText('sda', 4_000)],
  ['proc/net/dev', 'network.others', netDev(1_000)],
  ['proc/net/route', 'network.tethered', route],
  ['sys/block/sda/queue/rotational', 'disk.rotating', '0\n'],
  ['sys/class/power_supply/AC/online', 'power.ac', '1\n'],
  ['sys/class/power_supply/BAT0/capacity', 'power.battery', '71\n'],
  ['sys/class/hwmon/hwmon0/temp1_crit', 'thermal', '100000\n'],
  ['sys/class/hwmon/hwmon0/temp1_input', 'thermal', '40000\n'],
];
/** What is told by several, or asked once, or what its absence is an answer to. */
const besides: readonly (readonly [path: string, text: string])[] = [
  ['proc/locks', ''],
  ['proc/uptime', '1000.00 900.00\n'],
  ['proc/net/ipv6_route', ''],
  ['proc/net/sco', ''],
  ['proc/asound/cards', '--- no soundcards ---\n'],
  ['sys/class/power_supply/AC/type', 'Mains\n'],
  ['sys/class/power_supply/BAT0/type', 'Battery\n'],
  ['proc/asound/card0/pcm0c/sub0/status', 'closed\n'],
  ['proc/bus/input/devices', ''],
  ['sys/class/power_supply/BAT0/status', 'Charging\n'],
  ['sys/class/power_supply/BAT0/scope', 'System\n'],
  ['sys/class/hwmon/hwmon0/name', 'coretemp\n'],
  ['sys/class/hwmon/hwmon0/temp1_max', '80000\n'],
];
/** What is read in the place of another one, where it is there. */
const insteads: readonly string[] = ['sys/block/sda/stat'];

let machine: FakeMachine;
let rounds: Rounds;
let told: Map<string, Value>;
let probes: ReturnType<typeof everyProbe>;
let atMs: number;

beforeEach(() => {
  machine = createFakeMachine();
  for (const [path, , text] of files) machine.write(path, text);
  for (const [path, text] of besides) machine.write(path, text);
  const device = join(machine.sysRoot, 'class/net/eth0/device');
  mkdirSync(device, { recursive: true });
  symlinkSync('/drivers/e1000e', join(device, 'driver'));
  probes = everyProbe(
    {
      ...{ ...machine, platform: 'linux', root: machine.dir, profile: 'auto' },
      ...{ diskPaths: () => [], apps: () => ['snap:editor'] },
      ...{ awayAfterMs: 240_000, stillAfterMs: 240_000, terminalActiveMs: 600_000 },
    },
    {
      log,
      sense: () => undefined,
      onInput: () => undefined,
      sessions: () => undefined,
      isTold: () => false,
      onPlaces: () => undefined,
      onShift: () => undefined,
      onClockNow: (instantMs) => instantMs,
    },
  );
  told = new Map();
  atMs = 0;
  const tell = (measured: readonly Measurement[]): void => {
    for (const { signal, instance, value } of measured) {
      told.set(readingKey(signal, instance), value);
    }
  };
  rounds = createRounds({ log, probes: probes.probes, tell });
});

afterEach(() => {
  probes.close();
  machine.close();
});

/** One round, by default one in which everything is due. @returns what was told last of everything. */
async function round(afterMs = ROUND_MS): Promise<ReadonlyMap<string, Value>> {
  const startMs = performance.now();
  atMs += afterMs;
  rounds.measure({ wallMs: 1_900_000_000_000 + atMs, monotonicMs: atMs });
  await rounds.answered();
  expect(performance.now() - startMs).toBeLessThan(DONE_MS_MAX);
  return told;
}

/** Counters go on, so that shares of time have a value. */
function goOn(): void {
  machine.write('proc/stat', statText({ busy: 1_300, idle: 9_700 }));
  for (const resource of ['cpu', 'io', 'memory']) {
    machine.write(`proc/pressure/${resource}`, pressureText(2_000));
  }
  machine.write('proc/diskstats', diskText('sda', 5_000));
  machine.write('proc/net/dev', netDev(2_000));
}

describe.each(files)('%s', (path, key) => {
  test.each([
    ['vanishes', (): void => undefined],
    [
      'is a FIFO that nobody writes to',
      (file: string): void => void execFileSync('mkfifo', [file]),
    ],
  ])(`%s: ${key} is unknown, and no round waits`, async (_what, put) => {
    await round();
    goOn();
    expect((await round(2_000)).get(key)?.kind).not.toBe('unknown');
    machine.remove(path);
    put(join(machine.dir, path));
    expect((await round()).get(key)?.kind).toBe('unknown');
  });
});

test('whatever the files say, every reading is unknown or a possible value', async () => {
  const all = [...[...files, ...besides].map(([path]) => path), ...insteads];
  const odd = [
    ...['cpu  ', '\n', '-1', '99999999999999999999', 'NaN', 'MemTotal: ', ' kB', 'total=', '\0'],
    ...['eth0:', ' 0', '\t', '00000000', '1: POSIX ADVISORY WRITE 1 08:02:77 0 EOF\n', 'Battery\n'],
    ...['100000\n', '-274000\n', '200001\n', 'Discharging\n', 'state: RUNNING\n'],
  ];
  const junk = fc.array(fc.oneof(fc.constantFrom(...odd), fc.string()), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...all), junk, async (file, parts) => {
      machine.write(file, parts.join(''));
      for (const [key, value] of await round()) {
        const [name = ''] = key.split(':');
        const { kind, unit } = signals[name as keyof typeof signals];
        expect(['unknown', kind]).toContain(value.kind);
        if (value.kind === 'word') expect(thermalWords).toContain(value.word);
        if (value.kind !== 'number') continue;
        expect(value.number).toBeGreaterThanOrEqual(0);
        if (unit === '%') expect(value.number).toBeLessThanOrEqual(100);
      }
    }),
    { numRuns: 300 },
  );
});
