// Takes the inventory in a thread of its own: the calls start child processes and would keep the
// event loop, on which the guard waits for the sensor, busy for tens of milliseconds.

import { availableParallelism, hostname, release, totalmem, uptime } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { DISKS_MAX, isDisk } from '../reading/disk.js';
import type { Inventory } from './inventory.js';

async function takeInventory(): Promise<Inventory> {
  const { default: si } = await import('systeminformation');
  const [os, system, battery, disks] = await Promise.all([
    si.osInfo(),
    si.system(),
    si.battery(),
    si.blockDevices(),
  ]);
  return {
    hostname: hostname(),
    os: [os.distro, os.release].filter((part) => part !== '').join(' '),
    kernel: release(),
    cpuCores: availableParallelism(),
    memoryBytes: totalmem(),
    virtualization: system.virtual ? (system.virtualHost ?? 'unknown') : '',
    hasBattery: battery.hasBattery,
    bootedAtMs: Math.round(Date.now() - uptime() * 1_000),
    disks: disks
      .filter(({ name, type }) => type === 'disk' && isDisk(name))
      .slice(0, DISKS_MAX)
      .map(({ name, device, model, size, physical }) => ({
        device: device ?? name,
        model,
        sizeBytes: size,
        rotating: physical === 'HDD' || (physical === 'SSD' ? false : undefined),
      })),
  };
}

parentPort?.postMessage(await takeInventory());
