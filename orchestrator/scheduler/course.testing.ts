// A forecast from its first step to its last.

import type { Policy } from '../policy/policy.js';
import type { World } from '../world/world.js';
import { foretell, type Forecast } from './forecast.js';
import type { HostView } from './host-view.js';

export function wholeForecast(
  world: World,
  host: HostView,
  policy: Policy,
  span: { readonly nowMs: number; readonly fromMs: number; readonly toMs: number },
): Forecast {
  const course = foretell(world, host, policy, span);
  while (course.step());
  return course.told();
}
