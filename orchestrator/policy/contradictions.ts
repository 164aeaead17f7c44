// What a policy file says that cannot all be meant: each key by itself is right, together they are not.
//
// Keys are held against each other where the file names them. A default yields to what is named; it is
// held against it only where the policy that comes of it would not work.

import { thermalWords } from '../../conditions/reading.js';
import { intrusions } from '../runs/intrusion.js';
import { hasTwice, namesIn, sharesIn } from './file.lists.js';
import type { PolicyFile } from './file.schema.js';
import type { Policy } from './policy.js';

export interface Contradiction {
  /** The keys that it is about. */
  readonly keys: readonly string[];
  /** Two of its keys can contradict each other without the third. */
  readonly ofAnyTwo?: true;
  /** @param said the file as it stands there: a list in it is judged also where something in it is wrong. */
  readonly when: (file: PolicyFile, policy: Policy, said: unknown) => boolean;
  /** Names the keys as they stand in the file. */
  readonly problem: string;
}

export const contradictions: readonly Contradiction[] = [
  {
    keys: ['rollout.rings'],
    when: (_file, _policy, said) => sharesIn(said).reduce((sum, each) => sum + each, 0) > 100,
    problem: 'rollout.rings together have more than 100 percent: the last ones would be empty',
  },
  {
    keys: ['rollout.rings'],
    when: (_file, _policy, said) => hasTwice(namesIn(said, 'rollout', 'rings')),
    problem: 'rollout.rings has a name twice: nobody could tell them apart',
  },
  {
    keys: ['groups'],
    when: (_file, _policy, said) => hasTwice(namesIn(said, 'groups')),
    problem: 'groups has a name twice: nobody could tell them apart',
  },
  deadline('critical'),
  deadline('security'),
  deadline('others'),
  {
    keys: ['battery.start', 'battery.continue'],
    when: (_file, { battery }) => battery.continuePercent > battery.startPercent,
    problem: 'battery.continue is above battery.start: what starts would be paused at once',
  },
  {
    keys: ['heat.change', 'heat.look'],
    when: ({ heat }) => !isRising([heat?.change, heat?.look].map(rankIn(thermalWords))),
    problem: 'heat.change is above heat.look: it would change what it may not look for',
  },
  {
    keys: ['intrusion.normal', 'intrusion.due', 'intrusion.overdue'],
    ofAnyTwo: true,
    when: ({ intrusion: given }) =>
      !isRising([given?.normal, given?.due, given?.overdue].map(rankIn(intrusions))),
    problem: 'intrusion falls from normal over due to overdue: urgency would lower it',
  },
  {
    keys: ['quiet_chance.normal', 'quiet_chance.due', 'quiet_chance.overdue'],
    ofAnyTwo: true,
    when: ({ quiet_chance: given }) => !isRising([given?.overdue, given?.due, given?.normal]),
    problem: 'quiet_chance rises from normal over due to overdue: urgency would raise it',
  },
  {
    keys: ['network.engaged_kb_per_s', 'network.kb_per_s'],
    when: ({ network }) => !isRising([network?.engaged_kb_per_s, network?.kb_per_s].map(rateOf)),
    problem: 'network.engaged_kb_per_s is above network.kb_per_s, which holds then as well',
  },
  {
    keys: ['network.metered_mb', 'network.metered_unknown_mb'],
    when: ({ network }) => !isRising([network?.metered_mb, network?.metered_unknown_mb]),
    problem: 'network.metered_mb is above network.metered_unknown_mb, which would change nothing',
  },
  {
    keys: ['retry.first', 'retry.max'],
    when: (_file, { retry }) => retry.firstMs > retry.maxMs,
    problem: 'retry.first is longer than retry.max',
  },
  {
    keys: ['retry.bad_content', 'retry.bad_content_max'],
    when: (_file, { retry }) => retry.badContentMs > retry.badContentMsMax,
    problem: 'retry.bad_content is longer than retry.bad_content_max',
  },
  {
    keys: ['retry.demoted_at', 'retry.failures'],
    when: (_file, { retry }) => retry.demotedAtCount < retry.failuresMax,
    problem: 'retry.demoted_at is below retry.failures: retry.give_up would never be waited',
  },
];

/** The grace passes first in any case: what is named would never count. */
function deadline(severity: keyof Policy['deadlines']): Contradiction {
  const [after, grace] = [`deadlines.${severity}.after`, `deadlines.${severity}.grace`];
  return {
    keys: [after, grace],
    when: ({ deadlines }, policy) => {
      const { deadlineMs, graceMs } = policy.deadlines[severity];
      return deadlines?.[severity]?.after !== undefined && deadlineMs < graceMs;
    },
    problem: `${after} is shorter than ${grace}: nothing is due before its grace has passed`,
  };
}

/**
 * Every contradiction; empty when there is none.
 * @param said the file as it stands there.
 * @param wrong keys of the file that had to be left out: what is said of them cannot be judged.
 */
export function contradictionsIn(
  file: PolicyFile,
  policy: Policy,
  said: unknown,
  wrong: ReadonlySet<string> = new Set(),
): readonly Contradiction[] {
  return contradictions
    .filter(({ keys, ofAnyTwo }) => ofAnyTwo ?? !keys.some((key) => isWithin(key, wrong)))
    .filter(({ when }) => when(file, policy, said));
}

/** Whether `key`, or a section around it, is one of `keys`. */
function isWithin(key: string, keys: ReadonlySet<string>): boolean {
  return key.split('.').some((_, i, steps) => keys.has(steps.slice(0, i + 1).join('.')));
}

/** "off" is no rate that another one could be above. */
function rateOf(rate: number | 'off' | undefined): number | undefined {
  return rate === 'off' ? undefined : rate;
}

function rankIn(words: readonly string[]): (word: string | undefined) => number | undefined {
  return (word) => (word === undefined ? undefined : words.indexOf(word));
}

/** What is not given contradicts nothing. */
function isRising(values: readonly (number | undefined)[]): boolean {
  const given = values.filter((value) => value !== undefined);
  return given.every((value, i) => value >= (given[i - 1] ?? value));
}
