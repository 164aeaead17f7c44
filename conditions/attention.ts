import { closed, open, type GateResult } from './gate.js';
import { attentionSignals, valueOf, type Readings } from './reading.js';

const words: Record<(typeof attentionSignals)[number], string> = {
  'attention.fullscreen': 'a window fills the screen',
  'attention.inhibitor': 'a program keeps the machine from idling',
  'attention.game': 'a game is running',
  'attention.call': 'a microphone or a camera is in use',
  'attention.sharing': 'a screen is shared',
  'attention.playing': 'sound or video is playing',
};

/**
 * Open unless something is known that a person must not be disturbed in. Most machines lack some of
 * these sensors for good; presence, which is never assumed, stands behind this gate.
 */
export function judgeUndisturbed(readings: Readings): GateResult {
  if (!attentionSignals.some((signal) => isHeld(signal, readings))) return open;
  const held = attentionSignals.filter((signal) => isHeld(signal, readings));
  const sinceMs = held.map((signal) => readings.get(signal)?.observedAtMs ?? Infinity);
  return closed({
    code: 'ATTENTION_HELD',
    message: held.map((signal) => words[signal]).join(', '),
    about: held.join(', '),
    ...{ measured: 'yes', limit: 'no' },
    sinceMs: Math.min(...sinceMs),
  });
}

function isHeld(signal: (typeof attentionSignals)[number], readings: Readings): boolean {
  const value = valueOf(readings, signal);
  return value.kind === 'flag' && value.flag;
}
