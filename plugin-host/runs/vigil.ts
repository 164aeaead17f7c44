// What a run asks of the machine's own power, by what it is doing: to stay awake while it goes on, and
// up while it is in a critical section. One that stands still asks for nothing: on battery it would
// keep the machine from sleeping for nothing.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { RunEvent } from './event.js';

interface Power {
  during(onMains: boolean): () => void;
  duringSection(): () => void;
}

export interface Vigil {
  note(event: RunEvent): void;
  end(): void;
}

export function keepVigil(power: Power, machine: { readonly readings: Readings }): Vigil {
  const stayAwake = (): (() => void) => {
    const ac = valueOf(machine.readings, 'power.ac');
    return power.during(ac.kind === 'flag' && ac.flag);
  };
  let letSleep = stayAwake();
  let letGoDown = (): void => undefined;
  return {
    note: (event) => {
      if (event.kind === 'frozen') letSleep();
      if (event.kind === 'thawed') {
        letSleep();
        letSleep = stayAwake();
      }
      if (event.kind !== 'critical') return;
      letGoDown();
      letGoDown = event.entered ? power.duringSection() : () => undefined;
    },
    end: () => {
      letSleep();
      letGoDown();
    },
  };
}
