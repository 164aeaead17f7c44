import { displayText } from '../../conditions/words.js';
import type { Inhibition } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { folded, indented } from './folded.js';
import { localTime } from './local-time.js';
import type { Page } from './subjects.js';

const TEXT_CHARS_MAX = 256;

/** Each with its id, by which it is released, and until when; below it, who says so and why. */
export function showInhibitions(
  standing: readonly Inhibition[],
  { columns }: Pick<Page, 'columns'>,
): string {
  if (standing.length === 0) return 'nobody says "not now"';
  return standing
    .map(({ id, owner, reason, untilUnixMs }) => {
      const who = displayText(owner, TEXT_CHARS_MAX);
      const words = folded(`${who}: ${displayText(reason, TEXT_CHARS_MAX)}`, columns - 2);
      const until = `${id}  until ${localTime(Number(untilUnixMs))}`;
      return [until, indented(words.join('\n'))].join('\n');
    })
    .join('\n');
}
