// Recordings from files, plain or gzipped.

import { readFileSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { isTraceHead } from '../../conditions/trace.js';
import { parseEvents, powerColumns, screenColumns } from './events.js';
import { headerOf, RECORDING_CHARS_MAX } from './rows.js';
import { parseSensed } from './sensed.js';
import type { Recording } from './trace.js';
import { parseWindows, windowColumns } from './windows.js';

/** The file is not a recording; the message says what was wanted. */
export class RecordingError extends Error {}

/**
 * Reads a trace that Lull recorded from `file`, or quiet windows; or, where it has events of a screen,
 * those and the events of the power supply in `powerFile`.
 * @throws RecordingError
 */
export function readRecording(file: string, powerFile?: string): Recording {
  const text = readText(file);
  const header = headerOf(text);
  const device = basename(file).replace(/\..*$/, '');
  if (isTraceHead(header)) {
    const sensed = parseSensed(text, device);
    if ('traces' in sensed) return sensed;
    throw new RecordingError(`${file} is not a trace: ${sensed.why}`);
  }
  const events = header === screenColumns.join(',');
  if (!events && header !== windowColumns.join(',')) {
    throw new RecordingError(
      `${file} begins with ${JSON.stringify(header.slice(0, 80))}; wanted is lull-trace 1, ${windowColumns.join(',')} or ${screenColumns.join(',')}`,
    );
  }
  if (!events) return parseWindows(text);
  if (powerFile === undefined) {
    throw new RecordingError(
      `${file} tells of the screen only: name the power events with --power`,
    );
  }
  const power = readText(powerFile);
  if (headerOf(power) !== powerColumns.join(',')) {
    throw new RecordingError(`${powerFile} does not begin with ${powerColumns.join(',')}`);
  }
  return parseEvents(text, power, device);
}

function readText(file: string): string {
  try {
    if (statSync(file).size > RECORDING_CHARS_MAX) throw new Error('it is too large');
    const bytes = readFileSync(file);
    const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    // Bounded, because a small file can hold an endless one.
    const plain = zipped ? gunzipSync(bytes, { maxOutputLength: RECORDING_CHARS_MAX }) : bytes;
    return plain.toString('utf8');
  } catch (error) {
    throw new RecordingError(`${file} cannot be read: ${(error as Error).message}`);
  }
}
