import { closed, open, unknown, type GateResult } from './gate.js';
import { readingKey, valueOf, type Readings } from './reading.js';
import { formatBytes } from './words.js';

/**
 * Open when the file system of `path` has `bytes` free. Only a reading of this very path speaks for it:
 * which directories share a file system no reading says, and the one above may be another disk.
 */
export function judgeDiskFree(path: string, bytes: number, readings: Readings): GateResult {
  const value = valueOf(readings, 'disk.free', path);
  if (value.kind !== 'number' || Number.isNaN(value.number)) {
    const why = value.kind === 'unknown' ? value.why : `it is a ${value.kind}`;
    return unknown({
      code: 'SPACE_UNKNOWN',
      message: `the free space at ${path} is not known (${why}); ${formatBytes(bytes)} are needed`,
      ...{ about: readingKey('disk.free', path), limit: bytes, unit: 'B' },
    });
  }
  if (value.number >= bytes) return open;
  return closed({
    code: 'NO_SPACE',
    message: `${formatBytes(value.number)} of the ${formatBytes(bytes)} needed are free at ${path}`,
    ...{ about: readingKey('disk.free', path), measured: value.number, limit: bytes, unit: 'B' },
  });
}
