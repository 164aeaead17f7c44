// The range of user ids for updaters, as an operator writes it, "61000-61183"; and who else has any of
// them.

import { displayText } from '../../conditions/words.js';
import { CommandError } from '../failure.js';
import type { UidRange } from '../../plugin-host/runs/places.fs.js';

/** Below are people and the system's own. */
const UID_MIN = 1_000;
/** Beyond are ids that the kernel gives a meaning of its own. */
const UID_MAX = 4_294_967_293;

/** @throws CommandError in one line. */
export function parseUids(text: string): UidRange {
  const [, first, last] = (/^(\d{1,10})-(\d{1,10})$/.exec(text) ?? []).map(Number);
  if (first !== undefined && last !== undefined) {
    if (first >= UID_MIN && last <= UID_MAX && last > first) return { first, last };
  }
  throw new CommandError(
    `--uids wants two ids such as 61000-61183, from ${String(UID_MIN)} on, with room for the self-test and one updater; "${text}" is none`,
    2,
  );
}

/** What the machine says of its users: the texts of its databases, one entry a line. */
export interface Users {
  /** name:password:id:… */
  readonly passwd: string;
  readonly group: string;
  /** name:first:count */
  readonly subuid: string;
  readonly subgid: string;
}

/**
 * Whose ids lie in the range, and what to do, in one line; undefined where nobody's do. Whoever has an id
 * of an updater has its files and may end its processes, and the updater theirs.
 */
export function uidsProblem({ first, last }: UidRange, users: Users): string | undefined {
  const isIn = (from: number, to: number): boolean => from <= last && to >= first;
  const named = (text: string, what: string): string[] =>
    entriesOf(text).flatMap(([name = '', , id = '']) =>
      /^\d+$/.test(id) && isIn(Number(id), Number(id)) ? [`${what} ${name} (${id})`] : [],
    );
  const lent = (text: string, where: string): string[] =>
    entriesOf(text).flatMap(([name = '', from = '', count = '']) => {
      if (!/^\d+$/.test(from) || !/^\d+$/.test(count) || Number(count) === 0) return [];
      const to = Number(from) + Number(count) - 1;
      return isIn(Number(from), to) ? [`${name} in ${where} (${from}-${String(to)})`] : [];
    });
  const [who, ...more] = [
    ...named(users.passwd, 'user'),
    ...named(users.group, 'group'),
    ...lent(users.subuid, '/etc/subuid'),
    ...lent(users.subgid, '/etc/subgid'),
  ];
  if (who === undefined) return undefined;
  const others = more.length === 0 ? '' : ` and ${String(more.length)} more`;
  return `updaters are to have the ids ${String(first)}-${String(last)}, and some of them are taken: by ${displayText(who, 128)}${others}. Name ids that nobody has with --uids.`;
}

function entriesOf(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'));
}
