// --host: the machine of a fleet that a command is about. Where a verb cannot keep to it, it is refused:
// left aside in silence, it would make an order for one machine an order for all, or for this one.

import { CommandError } from './failure.js';

export interface HostOption {
  readonly id: string;
  /** On this command line, and not by LULL_HOST, which may stay set for the verbs that look at it. */
  readonly isTyped: boolean;
}

const scopes = {
  all: 'all machines of a fleet',
  here: 'the machine that it is typed on',
} as const;

/** @throws CommandError where a machine was named for a verb that is about no single one of a fleet. */
export function refuseHost(host: HostOption | undefined, scope: keyof typeof scopes): void {
  if (host?.isTyped !== true) return;
  throw new CommandError(
    `--host ${host.id} names one machine, and this verb is about ${scopes[scope]}: leave it out. Verbs about one are status, host, explain, forecast, history, run-now, hold, veto, pause-all, audit, "updaters enable" and "updaters suspend"`,
    2,
  );
}

/** As a variable that is not set leaves it: what was to be about one machine would be about all. */
export function emptyHost(): CommandError {
  return new CommandError('--host is empty: name a machine, or leave it out', 2);
}
