// Holds, vetoes, the trip switch and run-now.

import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { OperatorServiceServer, Order } from '../../proto/gen/lull/operator/v1/operator.js';
import { displayText } from '../../conditions/words.js';
import type { Fact } from '../journal/fact.js';
import type { Restraint } from '../world/restraints.js';
import { subjectKeyOf } from '../world/world.js';
import { answer, RpcFailure } from './answer.grpc.js';
import type { OperatorDeps } from './deps.grpc.js';
import { recorded } from './recorded.grpc.js';
import { liftFacts, orderProblem, subjectNamed, type forMsMax } from './order.js';
import { subjectsNow } from './subjects.wire.js';

type OrderHandlers = Pick<
  OperatorServiceServer,
  | 'placeHold'
  | 'liftHold'
  | 'placeVeto'
  | 'liftVeto'
  | 'listOrders'
  | 'tripSwitch'
  | 'releaseSwitch'
  | 'runNow'
>;

export function orderHandlers(deps: OperatorDeps): OrderHandlers {
  const { ledger, clock } = deps;
  const write = async (facts: readonly Fact[]): Promise<void> => {
    await ledger.append(facts);
    deps.wake();
  };
  const impose = (restraint: Restraint): Promise<void> => recorded(deps, restraint);
  const until = (kind: keyof typeof forMsMax, why: string, forMs: bigint): number => {
    const problem = orderProblem(kind, why, Number(forMs));
    if (problem !== undefined) {
      throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', problem);
    }
    return Math.round(clock.now().wallMs) + Number(forMs);
  };
  const named = (word: string) => {
    const subject = subjectNamed(ledger.world, word);
    if (subject !== undefined) return subject;
    const message = `nothing is called "${word}"; "lull status" lists what there is`;
    throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
  };

  async function placeHold(word: string, why: string, forMs: bigint) {
    const untilMs = until('hold', why, forMs);
    await impose({ kind: 'hold.placed', ...named(word), why, untilMs, actor: 'operator' });
    return { untilUnixMs: BigInt(untilMs) };
  }

  async function placeVeto(owner: string, why: string, forMs: bigint) {
    const untilMs = until('veto', why, forMs);
    const vetoId = `veto-${randomBytes(4).toString('hex')}`;
    const by = displayText(owner, 64);
    await impose({ kind: 'veto.placed', vetoId, owner: by, why: displayText(why, 256), untilMs });
    return { vetoId, untilUnixMs: BigInt(untilMs) };
  }

  async function tripSwitch(why: string, forMs: bigint) {
    const untilMs = until('switch', why, forMs);
    await impose({ kind: 'switch.tripped', why, untilMs, actor: 'operator' });
    return { untilUnixMs: BigInt(untilMs) };
  }

  async function runNow(word: string) {
    const subject = named(word);
    await write([{ kind: 'run.demanded', ...subject, actor: 'operator' }]);
    const key = subjectKeyOf(subject.updaterId, subject.updateId);
    const now = subjectsNow(deps).find(
      (each) => subjectKeyOf(each.updaterId, each.updateId) === key,
    );
    return { subject: now };
  }

  return {
    placeHold: ({ request: { subject, why, forMs } }, callback) => {
      answer(callback, placeHold(subject, why, forMs));
    },
    liftHold: ({ request: { subject } }, callback) => {
      answer(
        callback,
        write(liftFacts(ledger.inForce, subject)).then(() => ({})),
      );
    },
    placeVeto: ({ request: { owner, why, forMs } }, callback) => {
      answer(callback, placeVeto(owner, why, forMs));
    },
    liftVeto: ({ request: { vetoId } }, callback) => {
      const known = ledger.inForce.vetoes.has(vetoId);
      const facts: Fact[] = known ? [{ kind: 'veto.lifted', vetoId, actor: 'operator' }] : [];
      answer(
        callback,
        write(facts).then(() => ({})),
      );
    },
    listOrders: (_call, callback) => {
      callback(null, { orders: ordersNow(deps) });
    },
    tripSwitch: ({ request: { why, forMs } }, callback) => {
      answer(callback, tripSwitch(why, forMs));
    },
    releaseSwitch: (_call, callback) => {
      const on = ledger.inForce.tripped !== undefined;
      const facts: Fact[] = on ? [{ kind: 'switch.released', actor: 'operator' }] : [];
      answer(
        callback,
        write(facts).then(() => ({})),
      );
    },
    runNow: ({ request: { subject } }, callback) => {
      answer(callback, runNow(subject));
    },
  };
}

/** Orders in force. */
function ordersNow({ ledger, clock }: OperatorDeps): Order[] {
  const { holds, vetoes, tripped } = ledger.inForce;
  const orders = [
    ...(tripped === undefined ? [] : [{ kind: 'switch', subject: '', owner: '', ...tripped }]),
    ...[...vetoes.values()].map(({ id, ...veto }) => ({ kind: 'veto', subject: id, ...veto })),
    ...[...holds].map(([subject, hold]) => ({ kind: 'hold', subject, owner: '', ...hold })),
  ];
  const nowMs = clock.now().wallMs;
  return orders
    .filter(({ untilMs }) => untilMs > nowMs)
    .map(({ kind, subject, owner, why, untilMs }) => ({
      ...{ kind, subject, owner, why },
      untilUnixMs: BigInt(untilMs),
    }));
}
