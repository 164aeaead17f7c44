import { closed, open, type GateResult } from './gate.js';
import { attentionSignals, valueOf, type AttentionSignal, type Readings } from './reading.js';

const words: Record<AttentionSignal, string> = {
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
 * @param ignoring what says nothing of a person on this machine.
 */
export function judgeUndisturbed(
  ignoring: readonly AttentionSignal[],
  readings: Readings,
): GateResult {
  if (!attentionSignals.some((signal) => isHeld(signal, readings))) return open;
  const held = attentionSignals.filter(
    (signal) => !ignoring.includes(signal) && isHeld(signal, readings),
  );
  if (held.length === 0) return open;
  const sinceMs = held.map((signal) => readings.get(signal)?.observedAtMs ?? Infinity);
  return closed({
    code: 'ATTENTION_HELD',
    message: held.map((signal) => words[signal]).join(', '),
    about: held.join(', '),
    ...{ measured: 'yes', limit: 'no' },
    sinceMs: Math.min(...sinceMs),
  });
}

function isHeld(signal: AttentionSignal, readings: Readings): boolean {
  const value = valueOf(readings, signal);
  return value.kind === 'flag' && value.flag;
}
