// lull up as an ordinary user: the plugin-host runs in a process of its own, in a user namespace in which
// it is root; the other parts need no rights and stay in this one. Decision 124.

import { rootlessProblem } from '../../plugin-host/rootless/ground.js';
import { startAgainInside, tryNamespace } from '../../plugin-host/rootless/namespace.spawn.js';
import { lookAtGroup, stepAside } from '../../plugin-host/rootless/own-group.cgroup.js';
import type { UidRange } from '../../plugin-host/runs/places.fs.js';
import { whenAborted, within } from '../../runtime/deadline.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { CommandError } from '../failure.js';
import type { Places } from '../paths.js';
import { IS_UP } from '../up-words.js';
import type { FleetPlace } from './fleet-place.js';

/** Installs that a crash interrupted are put right first. */
const STARTED_MS_MAX = 120_000;

/** Given to the plugin-host, with the control group that was delegated. */
const INSIDE = '--delegated-group';

/**
 * The control group that was delegated to us. Asked before anything is started or written.
 * @throws CommandError with what is missing.
 */
export async function requireGround(uids: UidRange): Promise<string> {
  const looked = lookAtGroup();
  const problem = rootlessProblem({ ...looked, namespace: await tryNamespace() }, uids);
  if (problem !== undefined) throw new CommandError(problem);
  return looked.group.path;
}

export interface PluginHostInside extends Closeable {
  /** Aborted when it has ended. */
  readonly gone: AbortSignal;
}

/** @throws CommandError where it does not start; why is on stderr by then. */
export async function startInside(
  group: string,
  { places, fleet }: { readonly places: Places; readonly fleet: FleetPlace | undefined },
  signal: AbortSignal,
): Promise<PluginHostInside> {
  const { stateDir, runDir } = places;
  stepAside(group);
  // Root's would be others.
  const env = { LULL_STATE: stateDir, LULL_RUN: runDir };
  const inner = startAgainInside([INSIDE, group], env);
  try {
    const up = inner.said(IS_UP);
    // One of a fleet waits for its server, however long that takes.
    const started =
      fleet === undefined ? within(up, STARTED_MS_MAX, 'starting the plugin-host') : up;
    const isUp = await Promise.race([started, whenAborted(signal).then(() => true)]);
    if (!isUp) throw new CommandError('the plugin-host did not start');
  } catch (error) {
    await inner.close();
    throw error;
  }
  const gone = new AbortController();
  void inner.ended.then(() => {
    gone.abort();
  });
  return { gone: gone.signal, close: () => inner.close() };
}
