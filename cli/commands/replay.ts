// Reads a trace for `lull up --replay`.

import { readFileSync, statSync } from 'node:fs';
import { parseTrace, TRACE_BYTES_MAX, type TraceEvent } from '../../conditions/trace.js';
import { REPLAY_SPEED_MAX } from '../../sensor-service/sampling/replay.loop.js';
import { CommandError } from '../failure.js';

export interface Replay {
  readonly events: readonly TraceEvent[];
  readonly speed: number;
}

/** @throws CommandError */
export function readReplay(file: string, speedText: string): Replay {
  const speed = Number(speedText);
  if (!(speed > 0 && speed <= REPLAY_SPEED_MAX)) {
    throw new CommandError(`--speed wants a number up to ${String(REPLAY_SPEED_MAX)}`, 2);
  }
  let text: string;
  try {
    if (statSync(file).size > TRACE_BYTES_MAX) throw new Error('it is too large');
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`the trace cannot be read: ${(error as Error).message}`);
  }
  const parsed = parseTrace(text);
  if (parsed.kind === 'trace') return { events: parsed.events, speed };
  throw new CommandError(`${file} is not a trace: ${parsed.why}`);
}
