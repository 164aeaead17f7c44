import { flagValue, machineWide, measurement, unknownValue } from '../reading/measurement.js';
import type { Probe } from './probe.js';
import type { SoundCards } from './sound.js';

const EVERY_MS = 900;

/** Whether sound plays. */
export function playingProbe(cards: SoundCards): Probe {
  const subject = machineWide('attention.playing');
  return {
    name: 'sound cards',
    subjects: [subject],
    everyMs: EVERY_MS,
    measure: (at) => {
      const use = cards.use('playback', at.monotonicMs);
      const value = use.kind === 'known' ? flagValue(use.running) : unknownValue(use.why);
      return [measurement(subject, 'sound cards', value)];
    },
  };
}
