import { hostname } from 'node:os';
import { expect, test } from '@jest/globals';
import { InventoryProbe } from './inventory.js';

test('the inventory of this machine is taken once, and the loop stays free meanwhile', async () => {
  const inventory = new InventoryProbe();
  const asked = inventory.read();
  expect(inventory.read()).toBe(asked);
  const machine = await asked;
  expect(machine.hostname).toBe(hostname());
  expect(machine.cpuCores).toBeGreaterThanOrEqual(1);
  expect(machine.memoryBytes).toBeGreaterThan(0);
  expect(machine.bootedAtMs).toBeLessThan(Date.now());
  await inventory.close();
});

test('closing in the middle ends it with an error', async () => {
  const inventory = new InventoryProbe();
  const asked = expect(inventory.read()).rejects.toThrow('ended without an answer');
  await inventory.close();
  await asked;
  await expect(inventory.read()).rejects.toThrow('stopping');
});
