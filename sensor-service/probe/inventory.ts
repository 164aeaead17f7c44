import { Worker } from 'node:worker_threads';
import { within } from '../../runtime/deadline.js';

/** Some of the calls start child processes, on a machine that may be busy. */
const INVENTORY_MS_MAX = 10_000;

/** What the machine is. */
export interface Inventory {
  readonly hostname: string;
  readonly os: string;
  readonly kernel: string;
  readonly cpuCores: number;
  readonly memoryBytes: number;
  /** The hypervisor; empty: none that is known. */
  readonly virtualization: string;
  readonly hasBattery: boolean;
  readonly bootedAtMs: number;
  readonly disks: readonly {
    readonly device: string;
    readonly model: string;
    readonly sizeBytes: number;
    readonly rotating: boolean | undefined;
  }[];
}

/** The inventory, taken once and remembered; one that failed is taken again when asked for. */
export class InventoryProbe {
  private taken: Promise<Inventory> | undefined;
  private worker: Worker | undefined;
  private closed = false;

  read(): Promise<Inventory> {
    if (this.closed) return Promise.reject(new Error('the sensor-service is stopping'));
    this.taken ??= this.take().catch((error: unknown) => {
      this.taken = undefined;
      throw error;
    });
    return this.taken;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.worker?.terminate();
  }

  private async take(): Promise<Inventory> {
    const worker = new Worker(new URL('./inventory.worker.js', import.meta.url), { stdout: true });
    this.worker = worker;
    try {
      return await within(answerOf(worker), INVENTORY_MS_MAX, 'taking the inventory');
    } finally {
      this.worker = undefined;
      await worker.terminate();
    }
  }
}

function answerOf(worker: Worker): Promise<Inventory> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      reject(new Error('the inventory ended without an answer'));
    });
  });
}
