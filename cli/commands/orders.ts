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

const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const HOURS_MAX = 744;

/** "90s", "30m", "4h" or "2d" in milliseconds. */
export function parseDuration(text: string): bigint {
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  if (match === null) throw new CommandError(`"${text}" is not a duration such as 30m, 4h, 2d`, 2);
  return BigInt(Number(match[1]) * unitMs[match[2] as keyof typeof unitMs]);
}

/** "1" to "744", a month, in milliseconds. */
export function parseHours(text: string): bigint {
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (hours < 1 || hours > HOURS_MAX) {
    throw new CommandError(`"${text}" is not a number of hours from 1 to ${String(HOURS_MAX)}`, 2);
  }
  return BigInt(hours * unitMs.h);
}

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
  request: { subject: string; why: string; forMs: bigint },
): Promise<number> {
  return withOperator(at, async (operator) => {
    const answer = await unary(operator.placeHold.bind(operator), request, options);
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
  request: { owner: string; why: string; forMs: bigint },
): Promise<{ vetoId: string; untilUnixMs: bigint }> {
  return withOperator(at, (operator) => unary(operator.placeVeto.bind(operator), request, options));
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
  request: { why: string; forMs: bigint },
): Promise<number> {
  return withOperator(at, async (operator) => {
    const answer = await unary(operator.tripSwitch.bind(operator), request, options);
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
  request: { fromUnixMs: bigint; forMs: bigint },
): Promise<ForecastResponse> {
  return withOperator(at, (operator) => unary(operator.forecast.bind(operator), request, options));
}
