// Holds, vetoes, the trip switch, run-now and forecasts.

import type {
  ForecastResponse,
  Order,
  Subject,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { unary } from '../../runtime/grpc.js';
import { CALL_MS_MAX, withOperator, type OrchestratorAt } from '../clients.grpc.js';
import { CommandError } from '../failure.js';

const options = { deadlineMs: CALL_MS_MAX };

/** The next instant at which the clock on the wall shows "HH:MM", ms since the epoch. */
export function nextClock(text: string, now: Date): number {
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" is not a time such as 03:00`, 2);
  const at = new Date(now);
  at.setHours(Number(match[1]), Number(match[2]), 0, 0);
  if (at <= now) at.setDate(at.getDate() + 1);
  return at.getTime();
}

export async function placeHold(
  at: OrchestratorAt,
  request: { subject: string; why: string; forMs: number },
): Promise<number> {
  return withOperator(at, async (operator) => {
    const answer = await unary(operator.placeHold.bind(operator), wire(request), options);
    return Number(answer.untilUnixMs);
  });
}

export async function liftHold(at: OrchestratorAt, subject: string): Promise<void> {
  await withOperator(at, (operator) =>
    unary(operator.liftHold.bind(operator), { subject }, options),
  );
}

export async function placeVeto(
  at: OrchestratorAt,
  request: { owner: string; why: string; forMs: number },
): Promise<{ vetoId: string; untilUnixMs: bigint }> {
  return withOperator(at, (operator) =>
    unary(operator.placeVeto.bind(operator), wire(request), options),
  );
}

export async function liftVeto(at: OrchestratorAt, vetoId: string): Promise<void> {
  await withOperator(at, (operator) =>
    unary(operator.liftVeto.bind(operator), { vetoId }, options),
  );
}

export async function listOrders(at: OrchestratorAt): Promise<Order[]> {
  return withOperator(at, async (operator) => {
    const { orders } = await unary(operator.listOrders.bind(operator), {}, options);
    return orders;
  });
}

export async function tripSwitch(
  at: OrchestratorAt,
  request: { why: string; forMs: number },
): Promise<number> {
  return withOperator(at, async (operator) => {
    const answer = await unary(operator.tripSwitch.bind(operator), wire(request), options);
    return Number(answer.untilUnixMs);
  });
}

export async function releaseSwitch(at: OrchestratorAt): Promise<void> {
  await withOperator(at, (operator) => unary(operator.releaseSwitch.bind(operator), {}, options));
}

export async function runNow(at: OrchestratorAt, subject: string): Promise<Subject | undefined> {
  return withOperator(at, async (operator) => {
    const answer = await unary(operator.runNow.bind(operator), { subject }, options);
    return answer.subject;
  });
}

export async function askForecast(
  at: OrchestratorAt,
  asked: { fromMs: number; forMs: number },
): Promise<ForecastResponse> {
  const request = { fromUnixMs: BigInt(asked.fromMs), forMs: BigInt(asked.forMs) };
  return withOperator(at, (operator) => unary(operator.forecast.bind(operator), request, options));
}

function wire<T extends { forMs: number }>(request: T): Omit<T, 'forMs'> & { forMs: bigint } {
  return { ...request, forMs: BigInt(request.forMs) };
}
