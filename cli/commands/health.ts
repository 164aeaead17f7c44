// lull health: whether what runs here answers, for the health checks of containers and units.
//
// Which parts there are is told by their claims on the run directory; the sensor-service is asked something
// small, and the orchestrator whether it can lead. The plugin-host serves nothing: that its process lives, and
// what that says in its claim, is what can be seen of it from here; `lull status` says whether its orchestrator
// hears it.

import { existsSync } from 'node:fs';
import { claimantOf, type Claimant } from '../../runtime/claim.fs.js';
import { unary } from '../../runtime/grpc.js';
import { withFleet, withSensor } from '../clients.grpc.js';
import { CommandError } from '../failure.js';
import { parts, type Part } from './parts.js';

/** Less than a health check usually waits, so that it ends with words and not with a kill. */
const ANSWER_MS_MAX = 5_000;

export interface PartHealth {
  readonly part: Part;
  /** The process that has it; undefined: none. */
  readonly pid: number | undefined;
  readonly healthy: boolean;
  /** What is wrong; empty where nothing is. */
  readonly why: string;
  /** What somebody should look at although it is well; empty: nothing. */
  readonly notice: string;
}

/**
 * @param wanted the parts that have to be there; empty: those that are.
 * @throws CommandError when there are none.
 */
export async function askHealth(
  runDir: string,
  wanted: readonly Part[],
  deadlineMs = ANSWER_MS_MAX,
): Promise<PartHealth[]> {
  const whoIs = (part: Part): Claimant | undefined =>
    existsSync(runDir) ? claimantOf(runDir, part) : undefined;
  const asked = wanted.length > 0 ? wanted : parts.filter((each) => whoIs(each) !== undefined);
  if (asked.length === 0) {
    const what = 'Start it with "lull up", or name its directory with --run.';
    throw new CommandError(`no Lull runs in ${runDir}. ${what}`);
  }
  return Promise.all(
    asked.map(async (part) => {
      const claimant = whoIs(part);
      const { problem, notice } =
        claimant === undefined
          ? { problem: 'it does not run', notice: '' }
          : claimant.problem !== ''
            ? { problem: claimant.problem, notice: '' }
            : await questions[part](runDir, { deadlineMs }).catch(failed);
      return { part, pid: claimant?.pid, healthy: problem === '', why: problem, notice };
    }),
  );
}

interface Standing {
  readonly problem: string;
  readonly notice: string;
}

const WELL: Standing = { problem: '', notice: '' };

/** What is wrong. Each is answered from memory, in no time that grows with the fleet. */
const questions: Readonly<
  Record<Part, (runDir: string, options: { deadlineMs: number }) => Promise<Standing>>
> = {
  'sensor-service': (runDir, options) =>
    withSensor(runDir, async (sensor) => {
      await unary(sensor.listInhibitions.bind(sensor), {}, options);
      return WELL;
    }),
  orchestrator: (runDir, options) =>
    withFleet({ runDir }, async (fleet) => {
      const { problem, notice } = await unary(fleet.getHealth.bind(fleet), {}, options);
      return { problem, notice };
    }),
  'plugin-host': () => Promise.resolve(WELL),
};

function failed(error: unknown): Standing {
  const { details, message } = error as { details?: string; message: string };
  return { problem: `it does not answer: ${details ?? message}`, notice: '' };
}
