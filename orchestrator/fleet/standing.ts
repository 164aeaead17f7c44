// Whether an orchestrator can do what it is there for, for whoever takes it out of service or waits for it.

import type { Claim } from './shares.js';

/** More than a slow server takes: it is no reason to restart anybody. */
export const UNHEARD_MS_MAX = 5_000;

/** A partition that could not be led. */
export interface Refusal {
  readonly why: string;
  /** Until then it is not tried again; for as long afterwards that it was refused is still news. */
  readonly untilMs: number;
  readonly newsUntilMs: number;
}

/** What keeps one from leading that goes by the name of another, which was started later. */
export function replacedWords(self: string): string {
  return `another orchestrator that was started later goes by the name "${self}", so this one leads nothing: give one of them a name of its own (--name, LULL_NAME), and start it again`;
}

/** What somebody should see to, in one line; undefined: nothing. */
export function noticeOf(notices: readonly (string | undefined)[]): string | undefined {
  const said = notices.filter((each) => each !== undefined);
  return said.length === 0 ? undefined : said.join('; ');
}

/**
 * @param heard our own word that we are there, as it came back from the server.
 * @returns what keeps it from leading; undefined: nothing.
 */
export function problemOf(
  heard: Claim | undefined,
  refusals: ReadonlyMap<string, Refusal>,
  nowMs: number,
): string | undefined {
  if (heard === undefined || heard.unchangedForMs > UNHEARD_MS_MAX) {
    return 'the fleet does not hear it: NATS is out of reach, or refuses it';
  }
  const refused = [...refusals].find(([, { newsUntilMs }]) => newsUntilMs > nowMs);
  if (refused === undefined) return undefined;
  const [partition, { why }] = refused;
  return `partition ${partition} cannot be led from here: ${why}`;
}
