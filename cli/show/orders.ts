import type { Order } from '../../proto/gen/lull/operator/v1/operator.js';
import { folded, indented } from './folded.js';
import { localTime } from './local-time.js';
import type { Page } from './subjects.js';
import { table } from './table.js';

/** Each order in a line: what, until when, whom it is from; and below it, why. */
export function showOrders(orders: readonly Order[], { columns }: Page): string {
  if (orders.length === 0) return 'none';
  const rows = orders.map(({ kind, subject, owner, untilUnixMs }) => [
    kind,
    `until ${localTime(Number(untilUnixMs))}`,
    subject,
    owner === '' ? '' : `by ${owner}`,
  ]);
  const lines = table(rows).split('\n');
  return orders
    .flatMap(({ why }, index) => [
      lines[index] ?? '',
      indented(folded(why, columns - 2).join('\n')),
    ])
    .join('\n');
}
