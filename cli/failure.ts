// How a command fails: one line, and an exit code.

import type { OrchestratorAt } from './clients.grpc.js';
import { reasonOf } from '../runtime/reason.js';

/** Something that the caller can mend; its message is the whole answer. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}

/** The exit code where a value makes no sense, whoever found that out; anything else that fails is 1. */
export const VALUE_SENSELESS = 2;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return reasonOf(error) === 'FIELD_INVALID' ? VALUE_SENSELESS : 1;
}

const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;

/**
 * One line for people: what happened, why, and what to do.
 * @param elsewhere where root's Lull may be, for an ordinary user who asks another directory.
 */
export function lineOf(
  error: unknown,
  orchestrator: () => OrchestratorAt,
  elsewhere?: string,
): string {
  const { code, details, message, path } = error as Partial<{
    code: unknown;
    details: string;
    message: string;
    path: string;
  }>;
  if (code === UNAVAILABLE && reasonOf(error) === undefined) {
    return nobodyAt(orchestrator(), details ?? '', elsewhere);
  }
  // What a server says of its own deadlines has a reason.
  if (code === DEADLINE_EXCEEDED && reasonOf(error) === undefined) {
    return `Lull has not answered in time, and may still do what it was asked to: "lull health" says whether something ails it, and its log more.`;
  }
  if (code === 'EACCES' && path !== undefined) {
    const at = orchestrator();
    if ('runDir' in at && path === at.runDir) return notYours(path);
  }
  const reason = reasonOf(error);
  const text = details ?? message ?? String(error);
  return reason === undefined ? text : `${text} (${reason})`;
}

function nobodyAt(at: OrchestratorAt, why: string, elsewhere: string | undefined): string {
  if (!('runDir' in at)) {
    return `no orchestrator answers at ${at.address} to the keys in ${at.tlsDir}: ${why}. Is it up with --listen, does its certificate have that name, and are both of one authority?`;
  }
  if (why.includes(' EACCES ')) return notYours(at.runDir);
  const roots = elsewhere === undefined ? '' : ` Root's is called with sudo, in ${elsewhere}.`;
  return `no Lull answers in ${at.runDir}. Start it with "lull up", or name its directory with --run.${roots}`;
}

function notYours(runDir: string): string {
  return `${runDir} is not open to you: a Lull there is called by the user who started it, and by root. Ask as that user, or with sudo.`;
}
