// Which verb is whose. A verb that is not here is nobody's; a test holds the table against the contracts.

import { callerIn, callerText, type Role } from '../trust/caller.js';

const operator = '/lull.operator.v1.OperatorService/';
const fleet = '/lull.operator.v1.FleetService/';
const registry = '/lull.registry.v1.RegistryService/';

const watching: readonly Role[] = ['viewer', 'operator'];
const ordering: readonly Role[] = ['operator'];
const vending: readonly Role[] = ['vendor', 'operator'];

export const verbRoles: ReadonlyMap<string, readonly Role[]> = new Map([
  [`${operator}GetStatus`, watching],
  [`${operator}Explain`, watching],
  [`${operator}Forecast`, watching],
  [`${operator}ListOrders`, watching],
  [`${operator}ListRuns`, watching],
  [`${operator}ListEntries`, watching],
  [`${operator}VerifyAudit`, watching],
  [`${operator}Watch`, watching],
  [`${fleet}ListHosts`, watching],
  [`${fleet}ListRollouts`, watching],
  [`${fleet}ListGroups`, watching],
  [`${fleet}GetHealth`, watching],
  [`${fleet}ReleasePlace`, ordering],
  [`${fleet}StopRollout`, ordering],
  [`${fleet}ResumeRollout`, ordering],
  [`${operator}EnableUpdater`, ordering],
  [`${operator}SuspendUpdater`, ordering],
  [`${operator}PlaceHold`, ordering],
  [`${operator}LiftHold`, ordering],
  [`${operator}PlaceVeto`, ordering],
  [`${operator}LiftVeto`, ordering],
  [`${operator}TripSwitch`, ordering],
  [`${operator}ReleaseSwitch`, ordering],
  [`${operator}RunNow`, ordering],
  // A vendor sees and touches its own updaters alone, which the registry looks at.
  [`${registry}Submit`, vending],
  [`${registry}Withdraw`, vending],
  [`${registry}ListUpdaters`, ['vendor', 'viewer', 'operator']],
]);

/** Whether a verb changes nothing: whoever may only look may call it. */
export function looksOnly(path: string): boolean {
  return verbRoles.get(path)?.includes('viewer') === true;
}

/**
 * Why the holder of a certificate may not call a verb, or undefined.
 * @param path of the verb: "/lull.operator.v1.OperatorService/PlaceHold"
 * @param alternativeNames of the certificate, as Node has them
 */
export function whyNot(path: string, alternativeNames: string | undefined): string | undefined {
  const caller = callerIn(alternativeNames);
  if (caller === undefined) {
    return 'your certificate says no role of Lull: use one that "lull keys issue" made';
  }
  const verb = path.slice(path.lastIndexOf('/') + 1);
  const allowed = verbRoles.get(path) ?? [];
  if (allowed.includes(caller.role)) return undefined;
  const yours = `your certificate is ${article(caller.role)} ${caller.role}'s (${callerText(caller)})`;
  if (allowed.length === 0) return `${yours}, and ${verb} is nobody's`;
  const needed = allowed.map((role) => `${article(role)} ${role}'s`).join(' or ');
  return `${yours}; ${verb} needs ${needed}. Whoever has the keys makes one with "lull keys issue"`;
}

function article(role: Role): string {
  return /^[aeiou]/.test(role) ? 'an' : 'a';
}
