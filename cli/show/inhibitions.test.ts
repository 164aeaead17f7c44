import { expect, test } from '@jest/globals';
import { Inhibition } from '../../proto/gen/lull/sensor/v1/sensor.js';
import { showInhibitions } from './inhibitions.js';
import { localTime } from './local-time.js';

const untilUnixMs = 1_900_000_000_000n;
const id = 'eb7cd132-0771-4753-82a8-bc663fd0d9a6';

test('who says "not now" is told with the id that takes it back, until when, and why', () => {
  const till = Inhibition.fromPartial({
    id,
    owner: 'till',
    reason: 'a customer pays',
    untilUnixMs,
  });
  expect(showInhibitions([till], { columns: 80 }).split('\n')).toEqual([
    `${id}  until ${localTime(Number(untilUnixMs))}`,
    '  till: a customer pays',
  ]);
});

test('long words are folded to the terminal, and write nothing else on it', () => {
  const reason = `\u001b[2J${'word '.repeat(40)}`;
  const long = Inhibition.fromPartial({ id, owner: 'o'.repeat(60), reason, untilUnixMs });
  const shown = showInhibitions([long, long], { columns: 80 });
  expect(Math.max(...shown.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(shown).not.toContain('\u001b');
});

test('nobody is said to be nobody', () => {
  expect(showInhibitions([], { columns: 80 })).toBe('nobody says "not now"');
});
