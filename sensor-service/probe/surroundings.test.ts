// Probes of what surrounds a person, on machines made of files.

import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Value } from '../../conditions/reading.js';
import { setUpProbe } from './set-up.js';
import { createFakeMachine, valueOf, type FakeMachine } from './fake-machine.testing.js';
import { tetheredProbe } from './tethered.js';
import { trafficProbe } from './traffic.js';
import { thermalProbe } from './thermal.js';

let machine: FakeMachine;

beforeEach(() => {
  machine = createFakeMachine();
});

afterEach(() => {
  machine.close();
});

const yes: Value = { kind: 'flag', flag: true };
const no: Value = { kind: 'flag', flag: false };

test('a machine was set up when its id was made, and nobody knows where it has none', async () => {
  const probe = setUpProbe(machine.dir);
  expect((await valueOf(probe, 'setup.at')).kind).toBe('unknown');
  machine.write('etc/machine-id', '');
  expect((await valueOf(probe, 'setup.at')).kind).toBe('unknown');
  machine.write('etc/machine-id', '0123456789abcdef0123456789abcdef\n');
  const value = await valueOf(probe, 'setup.at');
  expect(value.kind === 'number' && Math.abs(value.number - Date.now())).toBeLessThan(60_000);
});

test('heat is read from zones and chips, and a zone that vanishes leaves the others', async () => {
  const zone = 'sys/class/thermal/thermal_zone0';
  machine.write(`${zone}/temp`, '96000\n');
  machine.write(`${zone}/trip_point_0_type`, 'critical\n');
  machine.write(`${zone}/trip_point_0_temp`, '100000\n');
  machine.write('sys/class/hwmon/hwmon0/temp1_input', '40000\n');
  machine.write('sys/class/hwmon/hwmon0/temp1_crit', '100000\n');
  const probe = thermalProbe(machine.sysRoot);
  expect(await valueOf(probe, 'thermal')).toEqual({ kind: 'word', word: 'serious' });
  machine.remove(zone);
  expect(await valueOf(probe, 'thermal')).toEqual({ kind: 'word', word: 'nominal' });
});

test('of the points that a zone names the lowest of each kind counts, and it cools slowly', async () => {
  const zone = 'sys/class/thermal/thermal_zone7';
  const trips = [
    ['active', 30],
    ['passive', 90],
    ['passive', 80],
    ['critical', 110],
    ['hot', 100],
  ] as const;
  trips.forEach(([kind, celsius], at) => {
    machine.write(`${zone}/trip_point_${String(at)}_type`, `${kind}\n`);
    machine.write(`${zone}/trip_point_${String(at)}_temp`, `${String(celsius)}000\n`);
  });
  const probe = thermalProbe(machine.sysRoot);
  const wordAt = async (celsius: number, ms: number): Promise<unknown> => {
    machine.write(`${zone}/temp`, `${String(celsius)}000\n`);
    const [measured] = await probe.measure({ wallMs: 0, monotonicMs: ms });
    expect(measured?.source).toBe(join(machine.dir, zone));
    return measured?.value.kind === 'word' ? measured.value.word : measured?.value.kind;
  };
  expect(await wordAt(79, 0)).toBe('nominal');
  expect(await wordAt(82, 5_000)).toBe('moderate');
  expect(await wordAt(101, 10_000)).toBe('critical');
  expect(await wordAt(98, 15_000)).toBe('critical');
  expect(await wordAt(96, 20_000)).toBe('serious');
  // Limits are asked for anew every few minutes: a driver may be told others.
  machine.write(`${zone}/trip_point_2_temp`, '97000\n');
  machine.write(`${zone}/trip_point_1_temp`, '97000\n');
  expect(await wordAt(85, 299_999)).toBe('moderate');
  expect(await wordAt(85, 300_000)).toBe('nominal');
});

test('a machine that shows no temperature says what to do', async () => {
  const probe = thermalProbe(machine.sysRoot);
  expect(await valueOf(probe, 'thermal')).toMatchObject({
    why: expect.stringMatching(/does not exist; mount \/sys, or load a sensor driver$/) as unknown,
  });
  machine.write('sys/class/thermal/cooling_device0/type', 'fan\n');
  expect(await valueOf(probe, 'thermal')).toMatchObject({
    why: expect.stringContaining('no place with a temperature and a limit') as unknown,
  });
});

test('a drive says how hot it may be; that of a processor is where its fans should run', async () => {
  const chip = (number: number, name: string, max: string): void => {
    const path = `sys/class/hwmon/hwmon${String(number)}`;
    machine.write(`${path}/name`, `${name}\n`);
    machine.write(`${path}/temp1_max`, max);
    machine.write(`${path}/temp1_crit`, '100000\n');
    machine.write(`${path}/temp1_input`, '86000\n');
  };
  chip(0, 'coretemp', '80000\n');
  expect(await valueOf(thermalProbe(machine.sysRoot), 'thermal')).toMatchObject({
    word: 'nominal',
  });
  chip(1, 'nvme', '85000\n');
  expect(await valueOf(thermalProbe(machine.sysRoot), 'thermal')).toMatchObject({
    word: 'moderate',
  });
  // What a drive says that has no such limit.
  chip(1, 'nvme', '65261850\n');
  expect(await valueOf(thermalProbe(machine.sysRoot), 'thermal')).toMatchObject({
    word: 'nominal',
  });
});

test('what goes through a card is counted once, whatever is built on it, and whichever way', async () => {
  const dev = (received: number, sent = 0): string =>
    `Inter-|\n face |\n${['lo', 'eth0', 'br0', 'veth0']
      .map(
        (name) =>
          `${name}: ${String(received)}${' 0'.repeat(7)} ${String(sent)}${' 0'.repeat(7)}\n`,
      )
      .join('')}`;
  machine.write('sys/class/net/eth0/device/vendor', '0x8086\n');
  const probe = trafficProbe({ ...machine, root: machine.dir });
  machine.write('proc/net/dev', dev(0));
  expect((await valueOf(probe, 'network.others')).kind).toBe('unknown');
  machine.write('proc/net/dev', dev(3_000));
  expect(await valueOf(probe, 'network.others', 1_000)).toEqual({ kind: 'number', number: 3_000 });
  machine.write('proc/net/dev', dev(3_000, 16_000));
  expect(await valueOf(probe, 'network.others', 2_000)).toEqual({ kind: 'number', number: 8_000 });
});

test('traffic is that of five seconds, begins anew with a counter, and is unknown without one', async () => {
  machine.write('sys/class/net/eth0/device/vendor', '0x8086\n');
  const probe = trafficProbe({ ...machine, root: machine.dir });
  const rateAt = async (ms: number, received: number, sent: number): Promise<unknown> => {
    const counters = `${String(received)}${' 0'.repeat(7)} ${String(sent)}${' 0'.repeat(7)}`;
    machine.write('proc/net/dev', `Inter-|\n face |\neth0: ${counters}\n`);
    const value = await valueOf(probe, 'network.others', ms);
    return value.kind === 'number' ? value.number : value.kind;
  };
  expect(await rateAt(0, 1_000, 1_000)).toBe('unknown');
  expect(await rateAt(0, 1_000, 1_000)).toBe('unknown');
  expect(await rateAt(2_000, 9_000, 1_000)).toBe(4_000);
  expect(await rateAt(5_000, 9_000, 1_000)).toBe(1_600);
  // The look at the start is too old by now.
  expect(await rateAt(6_000, 9_000, 1_000)).toBe(0);
  // A network that went away takes its counters with it, be it of one way alone.
  expect(await rateAt(7_000, 10_000, 0)).toBe('unknown');
  expect(await rateAt(8_000, 11_000, 2_000)).toBe(2_000);
  expect(await rateAt(9_000, 0, 3_000)).toBe('unknown');
  machine.remove('proc/net/dev');
  expect(await valueOf(probe, 'network.others', 10_000)).toMatchObject({
    why: expect.stringMatching(/does not exist; mount \/proc$/) as unknown,
  });
  expect(await rateAt(11_000, 5_000, 5_000)).toBe('unknown');
});

test('from a container what the machine sends and receives is not seen, unless it has its network', async () => {
  const probe = trafficProbe({ ...machine, root: machine.dir });
  const dev = (bytes: number): void => {
    machine.write('proc/net/dev', `Inter-|\n face |\neth0: ${String(bytes)}${' 0'.repeat(15)}\n`);
  };
  dev(0);
  await valueOf(probe, 'network.others');
  dev(3_000);
  expect(await valueOf(probe, 'network.others', 1_000)).toMatchObject({
    why: expect.stringContaining('share its network with Lull') as unknown,
  });
  machine.write('sys/class/net/eth0/device/vendor', '0x8086\n');
  await valueOf(probe, 'network.others', 20_000);
  dev(6_000);
  expect(await valueOf(probe, 'network.others', 21_000)).toEqual({ kind: 'number', number: 3_000 });
});

test('a phone on a cable is one whoever manages the network', async () => {
  const probe = tetheredProbe(machine.procRoot, machine.sysRoot);
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
  const out = (name: string): void => {
    machine.write('proc/net/route', `Iface\n${name}\t00000000\t1\t3\t0\t0\t0\t00000000\t0\t0\t0\n`);
  };
  const driverOf = (name: string, driver: string): void => {
    mkdirSync(join(machine.sysRoot, 'class/net', name, 'device'), { recursive: true });
    symlinkSync(`/drivers/${driver}`, join(machine.sysRoot, 'class/net', name, 'device/driver'));
  };
  driverOf('usb0', 'rndis_host');
  driverOf('eth0', 'e1000e');
  out('usb0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(yes);
  out('eth0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(no);
  driverOf('usb1', 'cdc_ncm');
  out('usb1');
  expect(await valueOf(probe, 'network.tethered')).toMatchObject({
    why: expect.stringContaining('phones and docks') as unknown,
  });
  // A bridge is what it is built upon; the ports of virtual machines say nothing.
  for (const lower of ['vnet0', 'bond0']) machine.write(`sys/class/net/br0/lower_${lower}/x`, '');
  machine.write('sys/class/net/bond0/lower_eth0/x', '');
  out('br0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(no);
  machine.write('sys/class/net/bond0/lower_usb0/x', '');
  expect(await valueOf(probe, 'network.tethered')).toEqual(yes);
  machine.write('sys/class/net/br1/lower_br1/x', '');
  out('br1');
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
  out('tun0');
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
  out('../..');
  expect((await valueOf(probe, 'network.tethered')).kind).toBe('unknown');
});

test('a phone is one also by Bluetooth, and where there is the newer protocol alone', async () => {
  const probe = tetheredProbe(machine.procRoot, machine.sysRoot);
  const none = '0'.repeat(32);
  const out = (name: string): void => {
    machine.write('proc/net/ipv6_route', `${none} 00 ${none} 00 ${none} 0400 0 0 1 ${name}\n`);
  };
  out('bnep0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(yes);
  mkdirSync(join(machine.sysRoot, 'class/net/eth0/device'), { recursive: true });
  symlinkSync('/drivers/e1000e', join(machine.sysRoot, 'class/net/eth0/device/driver'));
  out('eth0');
  expect(await valueOf(probe, 'network.tethered')).toEqual(no);
  out('tun0');
  expect(await valueOf(probe, 'network.tethered')).toEqual({
    kind: 'unknown',
    why: 'the network goes over tun0, which is no device',
  });
});
