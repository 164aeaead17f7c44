// What a run asks of the machine's own power, by what it is doing: to stay awake while it goes on, and
// up while it is in a critical section. One that stands still asks for nothing: on battery it would
// keep the machine from sleeping for nothing.

import { valueOf, type Readings } from '../../conditions/reading.js';
import type { RunEvent } from './event.js';

interface Power {
  during(msMax: number): () => void;
  duringSection(): () => void;
}

/** What the vigil has to know of the machine. */
interface Machine {
  readonly readings: Readings;
  /** Calls `listener` after the readings have changed; returns how to stop that. */
  onReadings(listener: () => void): () => void;
}

export interface Vigil {
  note(event: RunEvent): void;
  end(): void;
}

/** @param awakeMsMax for how long the machine may be kept awake in a session. */
export function keepVigil(power: Power, machine: Machine, awakeMsMax: number): Vigil {
  let letSleep: (() => void) | undefined;
  let letGoDown = (): void => undefined;
  let stands = false;
  let ended = false;
  /** Awake on mains alone, also where the guard lets a run go on when the plug is pulled. */
  const look = (): void => {
    const ac = valueOf(machine.readings, 'power.ac');
    const wanted = !ended && !stands && ac.kind === 'flag' && ac.flag;
    if (wanted) letSleep ??= power.during(awakeMsMax);
    else {
      letSleep?.();
      letSleep = undefined;
    }
  };
  const stopListening = machine.onReadings(look);
  look();
  return {
    note: (event) => {
      if (event.kind === 'frozen' || event.kind === 'thawed') {
        stands = event.kind === 'frozen';
        look();
      }
      if (event.kind !== 'critical') return;
      letGoDown();
      letGoDown = event.entered ? power.duringSection() : () => undefined;
    },
    end: () => {
      ended = true;
      stopListening();
      look();
      letGoDown();
    },
  };
}
