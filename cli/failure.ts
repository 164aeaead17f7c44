// How a command fails: one line, and an exit code.

import type { OrchestratorAt } from './clients.grpc.js';
import { reasonOf } from '../runtime/grpc.js';

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

/** One line for people: what happened, why, and what to do. */
export function lineOf(error: unknown, orchestrator: () => OrchestratorAt): string {
  const { code, details, message } = error as Partial<{
    code: unknown;
    details: string;
    message: string;
  }>;
  const UNAVAILABLE = 14;
  if (code === UNAVAILABLE && reasonOf(error) === undefined) {
    return nobodyAt(orchestrator(), details ?? '');
  }
  const reason = reasonOf(error);
  const text = details ?? message ?? String(error);
  return reason === undefined ? text : `${text} (${reason})`;
}

function nobodyAt(at: OrchestratorAt, why: string): string {
  if ('runDir' in at) {
    return `no Lull answers in ${at.runDir}. Start it with "lull up", or name its directory with --run.`;
  }
  return `no orchestrator answers at ${at.address} to the keys in ${at.tlsDir}: ${why}. Is it up with --listen, does its certificate have that name, and are both of one authority?`;
}
