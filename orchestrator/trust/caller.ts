// Who calls: a role and a name, as a certificate says it.
//
//   URI:urn:lull:ROLE:NAME
//
// Invariants:
//   C1. A certificate names one caller. With two, or none, it names nobody.
//   C2. Who calls over the Unix socket is whoever owns its directory: an operator.

import type { Attribution } from '../journal/order-fact.js';

export const roles = [
  'orchestrator',
  'host',
  'operator',
  'viewer',
  'vendor',
  'fleetlock',
  'keeper',
] as const;
export type Role = (typeof roles)[number];

export interface Caller {
  readonly role: Role;
  /** Absent: the owner of the socket. */
  readonly name?: string;
}

/** C2 */
export const socketOwner: Caller = { role: 'operator' };

/** Of a name in a certificate: also one token of a subject on NATS. */
const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const urnPattern = /^URI:urn:lull:([a-z]+):([a-z0-9-]+)$/;

export function isCallerName(text: string): boolean {
  return namePattern.test(text);
}

export function urnOf(role: Role, name: string): string {
  return `urn:lull:${role}:${name}`;
}

/**
 * Who a certificate is of, or undefined.
 * @param alternativeNames as Node has them: "URI:urn:lull:operator:alice, DNS:example.com". What has a
 *   comma or a quote in it is quoted there, and so is never mistaken for one of ours.
 */
export function callerIn(alternativeNames: string | undefined): Caller | undefined {
  const ours = (alternativeNames ?? '')
    .split(', ')
    .filter((name) => name.toLowerCase().startsWith('uri:urn:lull:'));
  const [, role, name = ''] = urnPattern.exec(ours[0] ?? '') ?? [];
  const known = roles.find((each) => each === role);
  if (ours.length !== 1 || known === undefined || !isCallerName(name)) return undefined; // C1
  return { role: known, name };
}

/** As whom the journal remembers a caller. */
export function attributionOf({ role, name }: Caller): Attribution {
  if (role === 'viewer' || role === 'fleetlock' || role === 'keeper') {
    throw new Error(`a ${role} changed something`);
  }
  return { actor: role, ...(name === undefined ? {} : { by: name }) };
}

/** For people. */
export function callerText({ role, name }: Caller): string {
  return name === undefined ? role : `${role} ${name}`;
}

/** Whose a certificate is, for people: the same for all that one caller was ever given. */
export function clientIn(alternativeNames: string | undefined): string {
  const caller = callerIn(alternativeNames);
  return caller === undefined ? 'nobody' : callerText(caller);
}
