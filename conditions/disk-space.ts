import { closed, open, unknown, type GateResult } from './gate.js';
import { readingKey, type Readings } from './reading.js';
import { formatBytes } from './words.js';

/**
 * Open when the file system that holds `path` has `bytes` free.
 * The reading with the longest mount point that is a prefix of `path` speaks for it.
 */
export function judgeDiskFree(path: string, bytes: number, readings: Readings): GateResult {
  const value = fileSystemOf(path, readings);
  if (value === undefined || Number.isNaN(value)) {
    return unknown({
      code: 'SPACE_UNKNOWN',
      message: `the free space at ${path} is not known; ${formatBytes(bytes)} are needed`,
      ...{ about: readingKey('disk.free', path), limit: bytes, unit: 'B' },
    });
  }
  if (value >= bytes) return open;
  return closed({
    code: 'NO_SPACE',
    message: `${formatBytes(value)} of the ${formatBytes(bytes)} needed are free at ${path}`,
    ...{ about: readingKey('disk.free', path), measured: value, limit: bytes, unit: 'B' },
  });
}

function fileSystemOf(path: string, readings: Readings): number | undefined {
  for (let at = path; ; at = parentOf(at)) {
    const value = readings.get(readingKey('disk.free', at))?.value;
    if (value?.kind === 'number') return value.number;
    if (at === '/') return undefined;
  }
}

function parentOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut <= 0 ? '/' : path.slice(0, cut);
}
