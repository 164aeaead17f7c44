import { expect, test } from '@jest/globals';
import { orderProblem } from './order.js';
import { trustingPolicy } from '../world/history.testing.js';

const DAY_MS = 86_400_000;

test.each([
  ['hold', 95, 'orders.hold'],
  ['veto', 14, 'orders.veto'],
  ['switch', 14, 'orders.pause_all'],
] as const)('a %s lasts at most %i days, or what policy says instead', (kind, days, key) => {
  const mostMs = days * DAY_MS;
  expect(orderProblem(kind, 'storm', mostMs, trustingPolicy)).toBeUndefined();
  expect(orderProblem(kind, 'storm', mostMs + 1, trustingPolicy)).toContain(`${String(days)} d`);
  const orderMsMax = { ...trustingPolicy.orderMsMax, [kind]: 3_600_000 };
  expect(orderProblem(kind, 'storm', 3_600_000, { orderMsMax })).toBeUndefined();
  const problem = orderProblem(kind, 'storm', 3_600_001, { orderMsMax });
  expect(problem).toMatch(new RegExp(`${kind} lasts at most 60 min, says ${key} of the policy$`));
});

test.each([0, -1, Number.NaN])('%d ms are no time', (forMs) => {
  expect(orderProblem('hold', 'storm', forMs, trustingPolicy)).toContain('--for');
});
