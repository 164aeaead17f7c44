// An order of the journal, in words: what was said, of what, until when, why, and by whom.

import type { Fact } from '../../orchestrator/journal/fact.js';
import type { Attribution } from '../../orchestrator/journal/order-fact.js';
import { localTime } from './local-time.js';

type Order = Extract<
  Fact,
  {
    kind:
      | `hold.${string}`
      | `veto.${string}`
      | `switch.${string}`
      | `restart.${string}`
      | 'run.demanded'
      | 'rollout.stopped'
      | 'rollout.resumed';
  }
>;

export function orderWords(order: Order): string {
  const { actor, by } = order as Order & Partial<Attribution>;
  const whose = [actor, by].filter((each) => each !== undefined).join(' ');
  return whose === '' ? saidIn(order) : `${saidIn(order)}, by ${whose}`;
}

function saidIn(order: Order): string {
  switch (order.kind) {
    case 'hold.placed':
      return `${subjectOf(order)} held back until ${localTime(order.untilMs)}: ${order.why}`;
    case 'hold.lifted':
      return `the hold on ${subjectOf(order)} lifted`;
    case 'veto.placed':
      return `${order.owner} objects until ${localTime(order.untilMs)} (${order.vetoId}): ${order.why}`;
    case 'veto.lifted':
      return `${order.vetoId} lifted`;
    case 'switch.tripped':
      return `everything stopped until ${localTime(order.untilMs)}: ${order.why}`;
    case 'switch.released':
      return 'the trip switch released';
    case 'run.demanded':
      return `${order.updateId === '' ? `a scan of ${order.updaterId}` : subjectOf(order)} wanted now`;
    case 'rollout.stopped':
      return `the rollout of ${subjectOf(order)} ${order.toVersion} stopped: ${order.why}`;
    case 'rollout.resumed':
      return `the rollout of ${subjectOf(order)} ${order.toVersion} goes on`;
    case 'restart.ordered':
      return `a restart of ${order.hostId} at ${localTime(order.atMs)}, for ${order.updates.join(', ')}`;
    case 'restart.cancelled':
      return `the restart taken back: ${order.code}: ${order.message}`;
    case 'restart.failed':
      return `the restart failed: ${order.message}`;
  }
}

/** All of an updater, where no update is named. */
function subjectOf(order: { readonly updaterId: string; readonly updateId: string }): string {
  return [order.updaterId, order.updateId].filter((each) => each !== '').join(' ');
}
