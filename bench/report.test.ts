import { expect, test } from '@jest/globals';
import { reportOf } from './report.js';

test('a figure that is no number is left out of what programs read', () => {
  const measured = {
    ...{ repeats: 5, samples: [] },
    figures: { done_share_of_optimum: Number.NaN, not_allowed_s_mean_60s: 0 },
    beside: { cron: { ratio: Number.POSITIVE_INFINITY, wall_s: 2 } },
  };
  const { figures, beside } = reportOf('overlap', '2030-01-07T12:00:00.000Z', measured);
  expect(figures).toEqual({ not_allowed_s_mean_60s: 0 });
  expect(beside).toEqual({ cron: { wall_s: 2 } });
});
