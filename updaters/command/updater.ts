// Runs a tool of the operator's own, which knows how to update something and nothing of gRPC.
//
//   scan      TOOL scan                    → one update a line
//   perform   TOOL download ID VERSION     → as far as the tool offers it
//             TOOL install ID VERSION
//             TOOL verify ID VERSION
//             TOOL rollback ID VERSION
//
// Before each, TOOL offers. README.md is what a tool is promised, and what it has to keep.

import { rm } from 'node:fs/promises';
import type { ActionName } from '../../sdk/action.js';
import { fail } from '../../sdk/failure.js';
import type {
  Description,
  Outcome,
  PerformCall,
  ScanCall,
  UpdateFound,
  UpdaterDefinition,
} from '../../sdk/updater.js';
import { openCheckpoint } from './checkpoint.fs.js';
import { isNameable, updatesIn } from './found.js';
import { isToolAction, nextAfter, type ToolAction } from './offers.js';
import { Lines, Progress } from './said.js';
import { ROOT, withTool, type Tool } from './tool.js';

/** What 2,000 updates come to at most. */
const SCAN_BYTES_MAX = 1024 * 1024;
const SCAN_MS_MAX = 600_000;
/** Of everything that is printed in one action: more than any log that somebody reads. */
const ACTION_BYTES_MAX = 16 * 1024 * 1024;

/** @param identity as its manifest has it: whoever keeps two tools packs the same bundle twice. */
export function commandUpdater(identity: Pick<Description, 'name' | 'version'>): UpdaterDefinition {
  return {
    describe: {
      ...identity,
      capabilities: {},
      software: ["what a tool of the operator's own keeps"],
    },
    scan: async function* (call) {
      yield* await scan(call);
    },
    perform: async (call, update, action) => {
      if (!isToolAction(action)) throw absent(action, update);
      if (!isNameable(update)) {
        throw fail(
          'FIELD_INVALID',
          `${update.id} ${update.toVersion} is nothing that a tool found`,
        );
      }
      return perform(call, update, action);
    },
  };
}

async function scan(call: ScanCall): Promise<UpdateFound[]> {
  const warn = (words: string): void => {
    call.host.log('warn', words);
  };
  return withTool(call, undefined, warn, async (tool) => {
    const chunks: Buffer[] = [];
    const verdict = await tool.run(['scan'], {
      bytesMax: SCAN_BYTES_MAX,
      awakeMsMax: SCAN_MS_MAX,
      onStdout: (chunk) => chunks.push(chunk),
    });
    if (verdict.kind === 'failed') throw verdict.failure;
    const first = tool.offers.has('download') ? 'download' : 'install';
    return updatesIn(Buffer.concat(chunks).toString('utf8'), first, ROOT);
  });
}

async function perform(
  call: PerformCall,
  update: UpdateFound,
  action: ToolAction,
): Promise<Outcome> {
  const checkpointDir = await openCheckpoint(call.workDir, call.runId);
  const attempt = { attempt: call.attempt, checkpointDir, fromVersion: update.fromVersion };
  const warn = (words: string): void => {
    call.notice(words);
  };
  try {
    return await withTool(call, attempt, warn, (tool) => act(call, tool, update, action));
  } finally {
    // Cut, it is asked for again under its id, and goes on from there.
    if (!call.signal.aborted) await discard(call, checkpointDir);
  }
}

async function act(
  call: PerformCall,
  tool: Tool,
  update: UpdateFound,
  action: ToolAction,
): Promise<Outcome> {
  if (!tool.offers.has(action)) throw absent(action, update);
  const progress = new Progress(call);
  const lines = new Lines((line) => {
    progress.hear(line);
  });
  try {
    const verdict = await tool.run([action, update.id, update.toVersion], {
      bytesMax: ACTION_BYTES_MAX,
      onStdout: (chunk) => {
        lines.take(chunk);
      },
    });
    lines.end();
    if (verdict.kind === 'failed') throw verdict.failure;
    if (verdict.kind === 'gone') return { kind: 'gone' };
    const nextAction = nextAfter(action, tool.offers);
    return nextAction === undefined ? { kind: 'succeeded' } : { kind: 'more_to_do', nextAction };
  } finally {
    progress.close();
  }
}

function absent(action: ActionName, { id, toVersion }: UpdateFound): Error {
  const left =
    action === 'rollback'
      ? `: ${id} ${toVersion} stays where it is. Put the version before there by hand`
      : '';
  return fail('CAPABILITY_ABSENT', `the tool does not offer ${action}${left}`);
}

/** An outcome is not lost for what a tool made of its directory. */
async function discard(call: PerformCall, checkpointDir: string): Promise<void> {
  try {
    await rm(checkpointDir, { recursive: true, force: true });
  } catch (error) {
    call.host.log('warn', `the checkpoint of ${call.runId} stays: ${(error as Error).message}`);
  }
}
