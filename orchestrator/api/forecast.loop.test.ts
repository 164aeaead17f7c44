// Many who ask for a forecast at once, on a loop on which others must not wait.

import { expect, test } from '@jest/globals';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { enabled, found, NOW_MS, submitted, updateOf } from '../world/history.testing.js';
import { FORECAST_MS, forecastOf } from './forecast.loop.js';
import { openOperator } from './operator.testing.js';

test('between two steps, of whichever forecasts, everybody else has a turn', async () => {
  const operator = await openOperator();
  const updates = ['a', 'b', 'c', 'd'].map((id) => updateOf(id));
  await operator.rig.ledger.append([submitted(), enabled(), found(updates)]);
  const turns: ('step' | 'others')[] = [];
  const time = new VirtualClock(NOW_MS);
  const clock = {
    after: time.after.bind(time),
    now: () => {
      turns.push('step');
      return time.now();
    },
  };
  let goesOn = true;
  const note = (): void => {
    if (!goesOn) return;
    turns.push('others');
    setImmediate(note);
  };
  setImmediate(note);
  const asked = { forMs: FORECAST_MS };
  const all = Array.from({ length: 30 }, () => forecastOf({ ...operator.deps, clock }, asked));
  // Each looks at the clock as it begins, and takes its first step, which was asked for in its turn.
  turns.length = 0;
  await Promise.all(all);
  goesOn = false;
  await operator.close();
  const steps = turns.filter((each) => each === 'step').length;
  const together = turns.filter((each, at) => each === 'step' && turns[at - 1] === 'step');
  expect(steps).toBeGreaterThan(30);
  expect(together).toEqual([]);
});
