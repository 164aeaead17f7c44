// When the sensors of this machine count somebody as gone, as an operator writes it: "input=2m terminal=30m".

import { formatDuration, parseDuration } from '../../conditions/words.js';
import { defaultAwayAfter, type AwayAfter } from '../../sensor-service/reading/seat.js';
import { CommandError } from '../failure.js';

/** Who reads touches nothing for a while; and the kernel notes what is typed in steps of 8 s. */
const MS_MIN = 20_000;
const MS_MAX = 86_400_000;

const members = {
  input: 'inputMs',
  dark: 'darkMs',
  locked: 'lockedMs',
  terminal: 'terminalMs',
} as const;
const kinds = Object.keys(members).join(', ');

/** @throws CommandError in one line. What is not named is as by default. */
export function parseAwayAfter(pairs: readonly string[]): AwayAfter {
  const given = new Map<string, number>();
  for (const pair of pairs) {
    const [, kind = '', text = ''] = /^([a-z]+)=(.+)$/.exec(pair) ?? [];
    const ms = parseDuration(text);
    if (!Object.hasOwn(members, kind) || ms === undefined) {
      throw refused(pair, `it wants a time such as 2m for one of ${kinds}`);
    }
    if (ms < MS_MIN || ms > MS_MAX) {
      const bounds = `${formatDuration(MS_MIN)} to ${formatDuration(MS_MAX)}`;
      throw refused(pair, `${bounds} are possible`);
    }
    given.set(members[kind as keyof typeof members], ms);
  }
  return { ...defaultAwayAfter, ...Object.fromEntries(given) };
}

function refused(pair: string, why: string): CommandError {
  return new CommandError(`--away-after "${pair}" cannot be used: ${why}`, 2);
}

/** The same as it is written. */
export function wordsOf(awayAfter: AwayAfter): string[] {
  return Object.entries(members).map(([kind, member]) => {
    const ms = awayAfter[member];
    return ms % 60_000 === 0 ? `${kind}=${String(ms / 60_000)}m` : `${kind}=${String(ms / 1_000)}s`;
  });
}
