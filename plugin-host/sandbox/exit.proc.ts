// How an updater ended, from how the runtime in whose foreground it was did.

import { constants } from 'node:os';
import type { SandboxExit } from './sandbox.js';

/** The runtime passes on how the updater ended as a shell does: 128 + n for signal n. */
export function exitOf([code, signal]: [number | null, NodeJS.Signals | null]): SandboxExit {
  if (code === null) return { code: undefined, signal: signal ?? undefined };
  const name = Object.entries(constants.signals).find(([, number]) => number + 128 === code)?.[0];
  return name === undefined ? { code, signal: undefined } : { code: undefined, signal: name };
}
