// A forecast that lets others go first: it is many decisions, and in one process the loop that makes
// them is the one that holds the guard.

import { setImmediate as othersFirst } from 'node:timers/promises';
import { forecast, type Chance } from '../scheduler/forecast.js';
import type { OperatorDeps } from './deps.grpc.js';

export const FORECAST_MS = 48 * 3_600_000;

export async function chancesWithin(
  { ledger, hostView, policy }: Pick<OperatorDeps, 'ledger' | 'hostView' | 'policy'>,
  fromMs: number,
  forMs: number,
): Promise<Chance[]> {
  const span = { fromMs, toMs: fromMs + forMs };
  const steps = forecast(ledger.world, hostView(), policy(), span);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await othersFirst();
  }
}
