import type { GetInventoryResponse } from '../../proto/gen/lull/sensor/v1/sensor.js';
import type { Inventory } from '../probe/inventory.js';

/** The inventory on the wire. A size that is not known is 0. */
export function inventoryToWire(inventory: Inventory): GetInventoryResponse {
  return {
    hostname: inventory.hostname,
    os: inventory.os,
    kernel: inventory.kernel,
    cpuCores: inventory.cpuCores,
    memoryBytes: bytesToWire(inventory.memoryBytes),
    virtualization: inventory.virtualization,
    hasBattery: inventory.hasBattery,
    bootedAtUnixMs: BigInt(inventory.bootedAtMs),
    disks: inventory.disks.map(({ device, model, sizeBytes, rotating }) => ({
      device,
      model,
      sizeBytes: bytesToWire(sizeBytes),
      rotating,
    })),
  };
}

/** Sizes come from command output, where a missing one may be null or NaN. */
function bytesToWire(bytes: number): bigint {
  return Number.isSafeInteger(bytes) && bytes > 0 ? BigInt(bytes) : 0n;
}
