// Machines of a fleet become ready together. What asks servers for something then waits its turn; what is
// changed on the machine, and what somebody wants now, waits for no pace.

import type { Admission, Plan } from './plan.js';
import { weightOf } from './requirements.js';

/** @param mayStart asked once, where something of the plan has to ask. */
export function atPace(plan: Plan, mayStart: () => boolean): Plan {
  if (!plan.admit.some(isPaced) || mayStart()) return plan;
  return { ...plan, admit: plan.admit.filter((each) => !isPaced(each)) };
}

function isPaced({ subject: { action, level } }: Admission): boolean {
  return level !== 'forced' && weightOf(action) !== 'change';
}
