// What a policy file says that cannot all be meant: each key by itself is right, together they are not.
//
// Keys are held against each other where the file names them. A default yields to what is named; it is
// held against it only where the policy that comes of it would not work.

import { thermalWords } from '../../conditions/reading.js';
import { intrusions } from '../runs/intrusion.js';
import type { PolicyFile } from './file.schema.js';
import type { Policy } from './policy.js';

interface Contradiction {
  readonly when: (file: PolicyFile, policy: Policy) => boolean;
  /** Names the keys as they stand in the file. */
  readonly problem: string;
}

const contradictions: readonly Contradiction[] = [
  {
    when: (_file, { battery }) => battery.continuePercent > battery.startPercent,
    problem: 'battery.continue is above battery.start: what starts would be paused at once',
  },
  {
    when: ({ heat }) => !isRising([heat?.change, heat?.look].map(rankIn(thermalWords))),
    problem: 'heat.change is above heat.look: it would change what it may not look for',
  },
  {
    when: ({ intrusion: given }) =>
      !isRising([given?.normal, given?.due, given?.overdue].map(rankIn(intrusions))),
    problem: 'intrusion falls from normal over due to overdue: urgency would lower it',
  },
  {
    when: ({ quiet_chance: given }) => !isRising([given?.overdue, given?.due, given?.normal]),
    problem: 'quiet_chance rises from normal over due to overdue: urgency would raise it',
  },
  {
    when: (_file, { retry }) => retry.firstMs > retry.maxMs,
    problem: 'retry.first is longer than retry.max',
  },
  {
    when: (_file, { retry }) => retry.badContentMs > retry.badContentMsMax,
    problem: 'retry.bad_content is longer than retry.bad_content_max',
  },
  {
    when: (_file, { retry }) => retry.demotedAtCount < retry.failuresMax,
    problem: 'retry.demoted_at is below retry.failures: retry.give_up would never be waited',
  },
];

/** Every contradiction in words; empty when there is none. */
export function contradictionsIn(file: PolicyFile, policy: Policy): string[] {
  return contradictions.filter(({ when }) => when(file, policy)).map(({ problem }) => problem);
}

function rankIn(words: readonly string[]): (word: string | undefined) => number | undefined {
  return (word) => (word === undefined ? undefined : words.indexOf(word));
}

/** What is not given contradicts nothing. */
function isRising(values: readonly (number | undefined)[]): boolean {
  const given = values.filter((value) => value !== undefined);
  return given.every((value, i) => value >= (given[i - 1] ?? value));
}
