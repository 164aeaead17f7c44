import type { Chance, Order } from '../../proto/gen/lull/operator/v1/operator.js';
import { localTime } from './local-time.js';
import { table } from './table.js';

export function showOrders(orders: readonly Order[]): string {
  if (orders.length === 0) return 'none';
  return table(
    orders.map(({ kind, subject, owner, why, untilUnixMs }) => [
      kind,
      subject,
      owner,
      `until ${localTime(Number(untilUnixMs))}`,
      why,
    ]),
  );
}

/** When each thing could run, if nobody were there from now on. */
export function showForecast(chances: readonly Chance[]): string {
  if (chances.length === 0) return 'nothing waits';
  const rows = chances.map(({ subject, atUnixMs }) => [
    atUnixMs === undefined ? 'not in this time' : localTime(Number(atUnixMs)),
    subject?.action ?? '',
    subject?.updateId === '' ? subject.updaterId : (subject?.updateId ?? ''),
    (subject?.reasons ?? []).map(({ code }) => code).join(', '),
  ]);
  return `If nobody uses the machine from now on, and everything else stays as it is:\n${table(rows)}`;
}
