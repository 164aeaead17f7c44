import { expect, test } from '@jest/globals';
import { Order } from '../../proto/gen/lull/operator/v1/operator.js';
import { localTime } from './local-time.js';
import { showOrders } from './orders.js';

const untilUnixMs = 1_900_000_000_000n;
const until = `until ${localTime(Number(untilUnixMs))}`;

test('each order in force: what, until when, by whom, and why', () => {
  const orders = [
    { kind: 'switch', why: 'storm', untilUnixMs },
    { kind: 'veto', subject: 'veto-1', owner: 'till 3', why: 'the shop is open', untilUnixMs },
    { kind: 'hold', subject: 'a.b x', why: 'not this one', untilUnixMs },
  ].map((each) => Order.fromPartial(each));
  expect(showOrders(orders, { nowMs: 0, columns: 80 }).split('\n')).toEqual([
    `switch  ${until}`,
    '  storm',
    `veto    ${until}  veto-1  by till 3`,
    '  the shop is open',
    `hold    ${until}  a.b x`,
    '  not this one',
  ]);
});

test('a long reason is folded to the terminal', () => {
  const why = Array.from({ length: 40 }, () => 'word').join(' ');
  const lines = showOrders([Order.fromPartial({ kind: 'hold', why, untilUnixMs })], {
    ...{ nowMs: 0, columns: 80 },
  }).split('\n');
  expect(lines.length).toBeGreaterThan(2);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test('no orders are said to be none', () => {
  expect(showOrders([], { nowMs: 0, columns: 80 })).toBe('none');
});
