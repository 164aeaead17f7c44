import { statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  readingKey,
  signals,
  type Readings,
  type Signal,
  type Value,
} from '../../conditions/reading.js';
import { createLog } from '../../runtime/log.js';
import { toReading, type Instant, type Measurement } from '../reading/measurement.js';
import { createRounds, type Rounds } from '../sampling/round.loop.js';
import { everyProbe, type Machine, type ProbeEars } from './every-probe.js';
import {
  createFakeMachine,
  diskText,
  pressureText,
  statText,
  type FakeMachine,
} from './fake-machine.testing.js';

/** What only a daemon knows, and what is folded from several. */
const ofDaemons: ReadonlySet<Signal> = new Set([
  'presence',
  'power.saver',
  'network.metered',
  'network.connectivity',
  'attention.fullscreen',
  'attention.inhibitor',
  'attention.game',
  'attention.sharing',
] satisfies Signal[]);

const log = createLog('sensor', 'silent');
const atMs = (ms: number): Instant => ({ wallMs: 1_900_000_000_000 + ms, monotonicMs: ms });

const ears: ProbeEars = {
  log,
  sense: () => undefined,
  onInput: () => undefined,
  sessions: () => undefined,
  isTold: () => false,
  onPlaces: () => undefined,
  onShift: () => undefined,
  onClockNow: (instantMs) => instantMs,
};
const opened: { close(): void }[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.close();
});

let told: Measurement[] = [];

function roundsOf(machine: Pick<Machine, 'procRoot' | 'sysRoot' | 'root' | 'diskPaths'>): Rounds {
  const probes = everyProbe(
    {
      ...machine,
      platform: 'linux',
      apps: () => ['/usr/bin/editor'],
      profile: 'auto',
      terminalActiveMs: 600_000,
      awayAfterMs: 240_000,
      stillAfterMs: 240_000,
    },
    ears,
  );
  opened.push(probes);
  const tell = (measured: readonly Measurement[]): void => {
    told.push(...measured);
  };
  return createRounds({ log, probes: probes.probes, tell });
}

async function measure(rounds: Rounds, ms: number): Promise<Readings> {
  const at = atMs(ms);
  told = [];
  rounds.measure(at);
  await rounds.answered();
  return new Map(told.map((m) => [readingKey(m.signal, m.instance), toReading(m, at)] as const));
}

const numberOf = (readings: Readings, key: string): number | undefined => {
  const value = readings.get(key)?.value;
  return value?.kind === 'number' ? value.number : undefined;
};

describe('this machine', () => {
  test('is measured: every signal that files tell has a reading, load and memory have numbers', async () => {
    const rounds = roundsOf({
      procRoot: '/proc',
      sysRoot: '/sys',
      root: '/',
      diskPaths: () => ['/'],
    });
    const startedAtMs = performance.now();
    await measure(rounds, 0);
    // The kernel counts CPU time in ticks of up to 10 ms: some have to pass.
    await new Promise((resolve) => setTimeout(resolve, 100));
    rounds.expire();
    const readings = await measure(rounds, performance.now() - startedAtMs);

    const seen = new Set([...readings.values()].map(({ signal }) => signal));
    const expected = (Object.keys(signals) as Signal[]).filter((name) => !ofDaemons.has(name));
    expect([...seen].sort()).toEqual(expected.sort());
    expect(numberOf(readings, 'cpu.busy')).toBeGreaterThanOrEqual(0);
    expect(numberOf(readings, 'cpu.cores')).toBeGreaterThanOrEqual(1);
    expect(numberOf(readings, 'memory.used')).toBeGreaterThan(0);
    const { bavail, bsize } = statfsSync('/');
    expect(numberOf(readings, 'disk.free:/')).toBeGreaterThan(bavail * bsize * 0.5);
  });
});

describe('a machine made of files', () => {
  let machine: FakeMachine;
  let rounds: Rounds;

  beforeEach(() => {
    machine = createFakeMachine();
    writeFileSync(join(machine.dir, 'file'), '');
    const diskPaths = (): string[] =>
      ['', '/not/yet/made', '/file/within'].map((path) => machine.dir + path);
    rounds = roundsOf({ ...machine, root: machine.dir, diskPaths });
  });

  afterEach(() => {
    machine.close();
  });

  async function valueOf(key: string, ms = 0): Promise<Value | undefined> {
    return (await measure(rounds, ms)).get(key)?.value;
  }

  test('the first look has levels, the second one has shares of time as well', async () => {
    const first = await measure(rounds, 0);
    expect(numberOf(first, 'memory.used')).toBe(25);
    expect(numberOf(first, 'cpu.cores')).toBe(2);
    expect(first.get('cpu.busy')?.value.kind).toBe('unknown');

    machine.write('proc/stat', statText({ busy: 1_030, idle: 9_070 }));
    machine.write('proc/pressure/io', pressureText(1_400_000));
    machine.write('proc/diskstats', diskText('sda', 5_000) + diskText('sdb', 0));
    const second = await measure(rounds, 2_000);
    expect(numberOf(second, 'cpu.busy')).toBeCloseTo(30);
    expect(numberOf(second, 'pressure.cpu')).toBe(0);
    expect(numberOf(second, 'pressure.io')).toBeCloseTo(20);
    expect(numberOf(second, 'disk.busy')).toBeCloseTo(50);
    expect(second.get('disk.rotating')?.value).toBeUndefined();
  });

  test('a desktop is on mains, has no battery, and its disk does not rotate', async () => {
    const readings = await measure(rounds, 0);
    expect(readings.get('power.ac')).toMatchObject({
      value: { kind: 'flag', flag: true },
      source: expect.stringContaining('no battery, no mains adapter') as unknown,
    });
    expect(readings.get('power.battery')?.value).toEqual({ kind: 'unknown', why: 'no battery' });
    expect(readings.get('disk.rotating')?.value).toEqual({ kind: 'flag', flag: false });
  });

  test('a disk that rotates beside one that does not makes the machine one that has such', async () => {
    machine.write('sys/block/sdb/queue/rotational', '1\n');
    expect(await valueOf('disk.rotating', 0)).toEqual({ kind: 'flag', flag: true });
    machine.write('sys/block/sdb/queue/rotational', '0\n');
    // What is no disk has such a flag as well.
    machine.write('sys/block/loop0/queue/rotational', '1\n');
    expect(await valueOf('disk.rotating', 3_600_000)).toEqual({ kind: 'flag', flag: false });
  });

  test('a laptop is unplugged', async () => {
    const supply = 'sys/class/power_supply';
    machine.write(`${supply}/AC/type`, 'Mains\n');
    machine.write(`${supply}/AC/online`, '1\n');
    machine.write(`${supply}/BAT0/type`, 'Battery\n');
    machine.write(`${supply}/BAT0/status`, 'Charging\n');
    machine.write(`${supply}/BAT0/capacity`, '71\n');
    const plugged = await measure(rounds, 0);
    expect(plugged.get('power.ac')?.value).toEqual({ kind: 'flag', flag: true });
    expect(numberOf(plugged, 'power.battery')).toBe(71);

    machine.write(`${supply}/AC/online`, '0\n');
    machine.write(`${supply}/BAT0/status`, 'Discharging\n');
    expect(await valueOf('power.ac', 1_000)).toEqual({ kind: 'flag', flag: false });
  });

  test('a path that is not there yet has the space of where it would be made; one that cannot be, none', async () => {
    const readings = await measure(rounds, 0);
    expect(numberOf(readings, `disk.free:${machine.dir}`)).toBeGreaterThan(0);
    const [made, yet] = ['', '/not/yet/made'].map((path) =>
      numberOf(readings, `disk.free:${machine.dir}${path}`),
    );
    expect(Math.abs((yet ?? 0) / (made ?? 0) - 1)).toBeLessThan(0.5);
    expect(readings.get(`disk.free:${machine.dir}/file/within`)?.value).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('file/within does not exist') as unknown,
    });
  });

  test.each<[string, string, RegExp]>([
    ['proc/stat', 'cpu.busy', /stat does not exist; mount \/proc$/],
    ['proc/stat', 'cpu.cores', /stat does not exist; mount \/proc$/],
    ['proc/pressure', 'pressure.cpu', /CONFIG_PSI and boot it with psi=1$/],
    ['proc/meminfo', 'memory.used', /meminfo does not exist; mount \/proc$/],
    ['proc/diskstats', 'disk.busy', /diskstats does not exist; mount \/proc$/],
    ['sys/block', 'disk.rotating', /block does not exist; mount \/sys$/],
    ['sys/class', 'power.ac', /power_supply does not exist; mount \/sys$/],
  ])('without %s, %s is unknown and says what is missing', async (path, key, why) => {
    machine.remove(path);
    expect(await valueOf(key)).toEqual({
      kind: 'unknown',
      why: expect.stringMatching(why) as unknown,
    });
  });

  test('a counter that was reset is unknown once, and measured again afterwards', async () => {
    await measure(rounds, 0);
    machine.write('proc/pressure/cpu', pressureText(10));
    expect((await valueOf('pressure.cpu', 2_000))?.kind).toBe('unknown');
    machine.write('proc/pressure/cpu', pressureText(1_000_010));
    expect(numberOf(await measure(rounds, 4_000), 'pressure.cpu')).toBeCloseTo(50);
  });
});
