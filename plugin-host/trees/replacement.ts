// Which paths of a root a staged tree replaces, where it is not the whole of it.

import { HostError } from '../channel/host-failure.js';
import { plainSegments, type EntryKind } from './staged-rules.js';

/** A package manager replaces a program and its commands; who replaces more has the whole tree. */
const PATHS_MAX = 1_000;

export interface Replacement {
  /** Whether it is replaced, itself or with what it lies in. */
  readonly isReplaced: (path: string) => boolean;
  /** Why the staged tree may not hold it, or undefined. */
  readonly problem: (staged: {
    readonly path: string;
    readonly kind: EntryKind;
  }) => string | undefined;
}

/** @throws HostError FIELD_INVALID. */
export function replacementOf(paths: readonly string[]): Replacement {
  if (paths.length > PATHS_MAX) {
    throw new HostError('FIELD_INVALID', `more than ${String(PATHS_MAX)} replaced_paths`);
  }
  const replaced = new Set(paths);
  const onTheWay = new Set<string>();
  for (const path of paths) {
    const segments = plainSegments(path);
    if (segments === undefined) {
      throw new HostError('FIELD_INVALID', 'one of replaced_paths is not a plain relative path');
    }
    for (const above of pathsAbove(segments)) onTheWay.add(above);
  }
  const isReplaced = (path: string): boolean =>
    replaced.has(path) || pathsAbove(path.split('/')).some((above) => replaced.has(above));
  return {
    isReplaced,
    problem: ({ path, kind }) =>
      isReplaced(path) || (kind === 'directory' && onTheWay.has(path))
        ? undefined
        : 'is not among replaced_paths',
  };
}

function pathsAbove(segments: readonly string[]): string[] {
  return segments.slice(1).map((_segment, at) => segments.slice(0, at + 1).join('/'));
}
