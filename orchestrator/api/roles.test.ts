import { describe, expect, test } from '@jest/globals';
import { FleetServiceService } from '../../proto/gen/lull/operator/v1/fleet.js';
import { OperatorServiceService } from '../../proto/gen/lull/operator/v1/operator.js';
import { RegistryServiceService } from '../../proto/gen/lull/registry/v1/registry.js';
import { roles, urnOf, type Role } from '../trust/caller.js';
import { verbRoles, whyNot } from './roles.js';

const verbs = [OperatorServiceService, FleetServiceService, RegistryServiceService].flatMap(
  (service) => Object.values<{ readonly path: string }>(service).map(({ path }) => path),
);
const named = (role: Role): string => `URI:${urnOf(role, 'x')}, DNS:x`;
const mayCall = (role: Role): string[] =>
  verbs
    .filter((path) => whyNot(path, named(role)) === undefined)
    .map((path) => path.slice(path.lastIndexOf('/') + 1));

test('every verb of the contracts has its roles, and no other stands in the table', () => {
  expect([...verbRoles.keys()].sort()).toEqual([...verbs].sort());
  expect([...verbRoles.values()].filter((allowed) => allowed.length === 0)).toEqual([]);
});

describe('what a role may call', () => {
  test('an operator: all', () => {
    expect(mayCall('operator')).toHaveLength(verbs.length);
  });

  test('a viewer: what changes nothing', () => {
    const reading = /^(Get|List|Explain$|Forecast$|Verify|Watch$)/;
    expect(mayCall('viewer').filter((verb) => !reading.test(verb))).toEqual([]);
    expect(mayCall('viewer')).toContain('GetStatus');
  });

  test('a vendor: what concerns its updaters', () => {
    expect(mayCall('vendor').sort()).toEqual(['ListUpdaters', 'Submit', 'Withdraw']);
  });

  test('a host, an orchestrator and a keeper: nothing', () => {
    expect((['host', 'orchestrator', 'keeper'] as const).flatMap(mayCall)).toEqual([]);
  });
});

describe('whoever may not is told why, and what to do', () => {
  const hold = '/lull.operator.v1.OperatorService/PlaceHold';

  test('a viewer who orders', () => {
    expect(whyNot(hold, named('viewer'))).toBe(
      'your certificate is a viewer\'s (viewer x); PlaceHold needs an operator\'s. Whoever has the keys makes one with "lull keys issue"',
    );
  });

  test('a verb that nobody knows', () => {
    for (const role of roles) {
      expect(whyNot('/lull.operator.v1.OperatorService/Explode', named(role))).toContain('nobody');
    }
  });

  test.each([
    ['none', undefined],
    ['another authority’s idea of one', 'DNS:operator, URI:spiffe://x/operator'],
    ['a role that is none', 'URI:urn:lull:root:x'],
    ['a name that is none', 'URI:urn:lull:operator:../x'],
    ['two', 'URI:urn:lull:viewer:x, URI:urn:lull:operator:x'],
    ['one and one in other letters', 'URI:urn:lull:viewer:x, URI:URN:LULL:operator:x'],
    ['one inside a name that is quoted', 'DNS:"x, URI:urn:lull:operator:x"'],
    ['one that goes on', 'URI:urn:lull:operator:x:y'],
  ])('a certificate with %s', (_what, names) => {
    expect(whyNot(hold, names)).toContain('says no role');
  });
});
