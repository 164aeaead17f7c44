// A Lull of a benchmark's own, stopped at its end: also one that had not yet started when a signal came.
// It has a session for itself, as it has as a service.

import { followLull, type Follower, type Happening } from '../harness/follow.grpc.js';
import { startLull, type RunningLull, type StartOptions } from '../harness/lull.spawn.js';
import type { CloseStack } from '../runtime/shutdown.js';

/** @throws StartError */
export async function openLull(options: StartOptions, opened: CloseStack): Promise<RunningLull> {
  const starting = startLull({ ...options, ownSession: true });
  const closing = starting.then((lull) => ({ lull, close: () => lull.stop() }));
  return (await opened.addOpening('Lull', closing)).lull;
}

/** Enables an updater with somebody there, or nobody. @returns whoever follows that Lull from now on. */
export async function enableOn(
  lull: RunningLull,
  how: {
    readonly bundleFile: string;
    readonly settings?: Readonly<Record<string, string>>;
    /** Absent: nobody is there. */
    readonly presence?: 'engaged';
    readonly onHappening?: (happening: Happening) => void;
  },
  opened: CloseStack,
): Promise<Follower> {
  const { bundleFile, settings = {}, presence = 'away', onHappening = () => undefined } = how;
  const follower = opened.add('follower', followLull(lull.runDir, onHappening));
  await follower.report(presence);
  const pairs = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const given = pairs.length === 0 ? [] : ['--set', ...pairs];
  await lull.command(['updaters', 'add', bundleFile, '--enable', ...given]);
  return follower;
}
