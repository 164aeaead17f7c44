// Who calls, as a certificate says it, and as whom the journal remembers that.

import { describe, expect, test } from '@jest/globals';
import {
  attributionOf,
  callerIn,
  callerText,
  clientIn,
  isCallerName,
  socketOwner,
  urnOf,
  type Role,
} from './caller.js';

const longest = 'a'.repeat(63);

const all: Role[] = ['orchestrator', 'host', 'operator', 'viewer', 'vendor', 'fleetlock', 'keeper'];

test.each(all.flatMap((role) => ['x', '7-up', longest].map((name) => ({ role, name }))))(
  'a certificate of the $role $name is that one, whatever else it names',
  (caller) => {
    const ours = `URI:${urnOf(caller.role, caller.name)}`;
    for (const names of [ours, `DNS:x, ${ours}`, `${ours}, URI:spiffe://x/viewer, DNS:y`]) {
      expect(callerIn(names)).toEqual(caller);
    }
    expect(clientIn(ours)).toBe(`${caller.role} ${caller.name}`);
  },
);

test.each([
  ['no role', 'URI:urn:lull::x'],
  ['no name', 'URI:urn:lull:operator:'],
  ['a name that is too long', `URI:urn:lull:operator:${longest}a`],
  ['a name that begins with a hyphen', 'URI:urn:lull:operator:-x'],
  ['a name of two tokens', 'URI:urn:lull:operator:x.y'],
  ['a name that takes all there is on NATS', 'URI:urn:lull:operator:>'],
  ['a name with a line', 'URI:urn:lull:operator:x\ny'],
  ['a role in capitals', 'URI:urn:lull:OPERATOR:x'],
  ['something before its role', 'URI:urn:lull:x:operator:x'],
  ['one that holds another', 'URI:urn:lull:URI:urn:lull:operator:x'],
  ['nothing', undefined],
])('a certificate with %s is nobody’s', (_what, names) => {
  expect(callerIn(names)).toBeUndefined();
  expect(clientIn(names)).toBe('nobody');
});

test('a name is one token of a subject on NATS', () => {
  const names = ['x', '7-up', longest, '', '-x', 'x.y', 'x y', '>', 'X', `${longest}a`];
  expect(names.filter(isCallerName)).toEqual(['x', '7-up', longest]);
});

describe('as whom the journal remembers', () => {
  test.each<Role>(['orchestrator', 'host', 'operator', 'vendor'])('who is a %s', (role) => {
    expect(attributionOf({ role, name: 'x' })).toEqual({ actor: role, by: 'x' });
  });

  test('the owner of the socket: an operator without a name', () => {
    expect(attributionOf(socketOwner)).toStrictEqual({ actor: 'operator' });
    expect(callerText(socketOwner)).toBe('operator');
  });

  test.each<Role>(['viewer', 'fleetlock', 'keeper'])('never a %s, who changes nothing', (role) => {
    expect(() => attributionOf({ role, name: 'x' })).toThrow(`a ${role} changed something`);
  });
});
