// Holds, vetoes, the trip switch and run-now.

import { randomBytes } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type {
  OperatorServiceServer,
  Order,
  PlaceHoldRequest,
  PlaceVetoRequest,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { displayText } from '../../conditions/words.js';
import type { Fact } from '../journal/fact.js';
import type { Attribution } from '../journal/order-fact.js';
import type { CallerOf } from '../trust/caller.grpc.js';
import { attributionOf } from '../trust/caller.js';
import { countInForce, ORDERS_MAX } from '../world/fold-order.js';
import type { Restraint } from '../world/restraints.js';
import { subjectKeyOf } from '../world/world.js';
import { answer, RpcFailure } from '../world/answer.grpc.js';
import { appendInTime } from '../world/append-in-time.loop.js';
import { decidedAnew } from '../world/decided-anew.js';
import type { OperatorDeps } from './deps.grpc.js';
import { didYouMean } from './nearest.js';
import {
  holdsNamed,
  orderProblem,
  ownerProblem,
  subjectsNamed,
  type NamedSubject,
  type OrderKind,
} from './order.js';
import { recorded } from './recorded.grpc.js';
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
  const by = (call: Parameters<CallerOf>[0]): Attribution => attributionOf(deps.callerOf(call));
  const write = async (facts: readonly Fact[]): Promise<void> => {
    await appendInTime(deps, facts);
    deps.wake();
  };
  const impose = (restraint: Restraint): Promise<void> => recorded(deps, restraint);
  const until = (kind: OrderKind, why: string, forMs: bigint): number => {
    const problem = orderProblem(kind, why, Number(forMs), deps.policy());
    if (problem !== undefined) {
      throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', problem);
    }
    return Math.round(clock.now().wallMs) + Number(forMs);
  };
  const named = (word: string): NamedSubject => {
    const [subject, ...others] = subjectsNamed(ledger.world, word);
    if (subject === undefined) {
      const { whatThereIs = '"lull status" lists what there is' } = deps;
      const near = didYouMean(word, ledger.world);
      const message = `nothing is called "${word}"; ${whatThereIs}.${near}`;
      throw new RpcFailure(status.NOT_FOUND, 'UNKNOWN_SUBJECT', message);
    }
    if (others.length > 0) throw ambiguous(word, [subject, ...others]);
    return subject;
  };
  /** Imposes an order of which only so many may be in force (ORDERS_MAX). */
  const place = async (
    kind: string,
    restraint: Restraint,
    others: ReadonlyMap<string, { readonly untilMs: number }>,
  ): Promise<void> => {
    if (countInForce(others, clock.now().wallMs) >= ORDERS_MAX) {
      const message = `${String(ORDERS_MAX)} ${kind} are in force: lift one first, see "lull veto list"`;
      throw new RpcFailure(status.RESOURCE_EXHAUSTED, 'ORDERS_FULL', message);
    }
    await impose(restraint);
  };

  async function placeHold(
    { subject: word, why: given, forMs }: PlaceHoldRequest,
    attribution: Attribution,
  ) {
    const untilMs = until('hold', given, forMs);
    const subject = named(word);
    const why = displayText(given, 256);
    // One that is there already is replaced, and takes no room.
    const others = new Map(ledger.inForce.holds);
    others.delete(subjectKeyOf(subject.updaterId, subject.updateId));
    const hold = { kind: 'hold.placed', ...subject, why, untilMs, ...attribution } as const;
    await place('holds', hold, others);
    return { untilUnixMs: BigInt(untilMs) };
  }

  async function liftHold(word: string, attribution: Attribution) {
    const [hold, ...others] = holdsNamed(ledger.inForce, word);
    if (hold !== undefined && others.length > 0) throw ambiguous(word, [hold, ...others]);
    if (hold !== undefined) await write([{ kind: 'hold.lifted', ...hold, ...attribution }]);
    return {};
  }

  async function placeVeto({ owner, why, forMs }: PlaceVetoRequest, { by }: Attribution) {
    const problem = ownerProblem(owner);
    if (problem !== undefined) {
      throw new RpcFailure(status.INVALID_ARGUMENT, 'FIELD_INVALID', problem);
    }
    const untilMs = until('veto', why, forMs);
    const vetoId = `veto-${randomBytes(4).toString('hex')}`;
    const veto: Restraint = {
      ...{ kind: 'veto.placed', vetoId, owner: displayText(owner, 64), untilMs },
      ...{ why: displayText(why, 256), ...(by === undefined ? {} : { by }) },
    };
    await place('vetoes', veto, ledger.inForce.vetoes);
    return { vetoId, untilUnixMs: BigInt(untilMs) };
  }

  async function liftVeto(vetoId: string, attribution: Attribution) {
    const known = ledger.inForce.vetoes.has(vetoId);
    await write(known ? [{ kind: 'veto.lifted', vetoId, ...attribution }] : []);
    return {};
  }

  async function tripSwitch(given: string, forMs: bigint, attribution: Attribution) {
    const untilMs = until('switch', given, forMs);
    const why = displayText(given, 256);
    await impose({ kind: 'switch.tripped', why, untilMs, ...attribution });
    return { untilUnixMs: BigInt(untilMs) };
  }

  async function releaseSwitch(attribution: Attribution) {
    const on = ledger.inForce.tripped !== undefined;
    await write(on ? [{ kind: 'switch.released', ...attribution }] : []);
    return {};
  }

  async function runNow(word: string, attribution: Attribution) {
    const subject = named(word);
    await write([{ kind: 'run.demanded', ...subject, ...attribution }]);
    const key = subjectKeyOf(subject.updaterId, subject.updateId);
    const now = subjectsNow(deps).find(
      (each) => subjectKeyOf(each.updaterId, each.updateId) === key,
    );
    return { subject: now };
  }

  return {
    placeHold: (call, callback) => {
      answer(callback, () => placeHold(call.request, by(call)));
    },
    liftHold: (call, callback) => {
      answer(callback, () => decidedAnew(() => liftHold(call.request.subject, by(call))));
    },
    placeVeto: (call, callback) => {
      answer(callback, () => placeVeto(call.request, by(call)));
    },
    liftVeto: (call, callback) => {
      answer(callback, () => decidedAnew(() => liftVeto(call.request.vetoId, by(call))));
    },
    listOrders: (_call, callback) => {
      answer(callback, () => ({ orders: ordersNow(deps) }));
    },
    tripSwitch: (call, callback) => {
      const { why, forMs } = call.request;
      answer(callback, () => tripSwitch(why, forMs, by(call)));
    },
    releaseSwitch: (call, callback) => {
      answer(callback, () => decidedAnew(() => releaseSwitch(by(call))));
    },
    runNow: (call, callback) => {
      answer(callback, () => decidedAnew(() => runNow(call.request.subject, by(call))));
    },
  };
}

function ambiguous(word: string, subjects: readonly NamedSubject[]): RpcFailure {
  const names = subjects.map(({ updaterId, updateId }) => `"${subjectKeyOf(updaterId, updateId)}"`);
  const message = `"${word}" is ${names.join(' and ')}: name one of them`;
  return new RpcFailure(status.INVALID_ARGUMENT, 'AMBIGUOUS_SUBJECT', message);
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
