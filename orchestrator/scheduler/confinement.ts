// Does the machine confine as strongly as policy wants? Asked before anything starts; a run that is on
// was asked when it started.

import { holdsLevel } from '../../conditions/confinement.js';
import type { Reason } from '../../conditions/reason.js';
import type { Policy } from '../policy/policy.js';
import type { HostView } from './host-view.js';

export function confinementObjections(
  { attached, level }: HostView,
  { confinement: least }: Policy,
): Reason[] {
  if (!attached) return [];
  if (level === undefined) {
    const message =
      'this machine is being tried: the self-test of the sandbox is still on, mostly for less than 10 s; look again then';
    return [{ code: 'CONFINEMENT_UNKNOWN', message, limit: least }];
  }
  if (holdsLevel(level, least)) return [];
  const message = `the sandbox is ${level}, policy wants at least ${least}; "lull host" says why`;
  return [{ code: 'CONFINEMENT_WEAK', message, measured: level, limit: least }];
}
