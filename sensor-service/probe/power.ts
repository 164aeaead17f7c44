import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { machineWide, unknownValue, type Measurement } from '../reading/measurement.js';
import { batteryCharge, onAc, type PowerState, type Supply } from '../reading/power.js';
import type { Probe } from './probe.js';
import { readSlowText, whyNotRead } from './text-file.js';

/** No machine has more; a driver gone wild might. */
const SUPPLIES_MAX = 32;

/** A plug that was pulled is seen within a second. */
const EVERY_MS = 900;

export function powerProbe(sysRoot: string): Probe {
  const path = join(sysRoot, 'class', 'power_supply');
  const ac = machineWide('power.ac');
  const battery = machineWide('power.battery');
  let kinds: ReadonlyMap<string, Kind> = new Map();
  return {
    name: path,
    subjects: [ac, battery],
    everyMs: EVERY_MS,
    measure: () => {
      let names: string[];
      try {
        names = readdirSync(path).slice(0, SUPPLIES_MAX);
      } catch (error) {
        const value = unknownValue(whyNotRead(path, error, 'mount /sys'));
        return [ac, battery].map((of) => ({ ...of, source: path, value }));
      }
      const say = (supplies: readonly Supply[]): Measurement[] => [
        { ...ac, ...sourced(path, onAc(supplies)) },
        { ...battery, ...sourced(path, batteryCharge(supplies)) },
      ];
      if (names.length === 0) return say([]);
      return Promise.all(names.map((name) => readSupply(path, name, kinds.get(name)))).then(
        (supplies) => {
          kinds = new Map(supplies.map((supply) => [supply.name, supply]));
          return say(supplies);
        },
      );
    },
  };
}

/** What does not change as long as a supply is there. */
type Kind = Pick<Supply, 'type' | 'scope'>;

/** The attributes come from an embedded controller, which may take its time: no more are asked than say something. */
async function readSupply(path: string, name: string, known: Kind | undefined): Promise<Supply> {
  const attribute = async (file: string): Promise<string | undefined> => {
    const read = await readSlowText(join(path, name, file), '');
    return read.kind === 'text' ? read.text.trim() : undefined;
  };
  const { type, scope } =
    known?.type === undefined
      ? { type: await attribute('type'), scope: await attribute('scope') }
      : known;
  const isFilled = type === 'Battery' || type === 'UPS';
  const [online, present, status, capacity] = await Promise.all([
    isFilled ? undefined : attribute('online'),
    ...['present', 'status', 'capacity'].map((file) => (isFilled ? attribute(file) : undefined)),
  ]);
  return { name, type, scope, online, present, status, capacity };
}

function sourced(path: string, { value, source }: PowerState): PowerState {
  return { value, source: `${path} (${source})` };
}
