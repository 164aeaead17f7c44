// H1 as a law: holding always works, letting go only by the one who may.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ReasonCode } from '../../conditions/reason.js';
import {
  codesOf,
  noHolds,
  permitted,
  renewed,
  withHold,
  type HoldKind,
  type Holds,
} from './holds.js';

function held(...kinds: HoldKind[]): Holds {
  return kinds.reduce((holds, kind) => withHold(holds, kind, ['PERSON_PRESENT']), noHolds);
}

describe('what is left', () => {
  test.each<[string, Holds, HoldKind[]]>([
    ['a renewal of what the lease held', renewed(held('lease')), []],
    [
      'a renewal of what others hold',
      renewed(held('lease', 'guard', 'operator')),
      ['guard', 'operator'],
    ],
    ['a permission with the guard whole', permitted(held('guard', 'operator'), []), []],
    ['a permission without a lease', permitted(held('guard', 'lease'), []), ['lease']],
    [
      'a permission across a broken guard',
      permitted(held('operator', 'guard'), ['ON_BATTERY']),
      ['guard'],
    ],
    ['a permission for nothing, the guard broken', permitted(noHolds, ['ON_BATTERY']), ['guard']],
  ])('after %s', (_what, holds, kinds) => {
    expect([...holds.keys()]).toEqual(kinds);
  });

  test('the guard holds with what it objects to now, not with what it objected to once', () => {
    expect(codesOf(permitted(held('guard'), ['ON_BATTERY']))).toEqual(['ON_BATTERY']);
  });
});

test('reasons are told once each', () => {
  const holds = withHold(held('guard', 'operator'), 'lease', ['LEASE_LOST']);
  expect(codesOf(holds)).toEqual(['PERSON_PRESENT', 'LEASE_LOST']);
});

test('whatever happens, the guard lets go only by permission while it is whole', () => {
  type Step = { hold: HoldKind } | { renew: true } | { permit: ReasonCode[] };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.constantFrom<HoldKind>('guard', 'operator', 'lease').map((hold) => ({ hold })),
    fc.constant({ renew: true as const }),
    fc.constantFrom<ReasonCode[]>([], ['PERSON_PRESENT']).map((permit) => ({ permit })),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let holds = noHolds;
      for (const each of steps) {
        const before = holds;
        if ('hold' in each) holds = withHold(holds, each.hold, ['OPERATOR']);
        else if ('renew' in each) holds = renewed(holds);
        else holds = permitted(holds, each.permit);
        const letGo = [...before.keys()].filter((kind) => !holds.has(kind));
        const allowed =
          'permit' in each
            ? ['operator', ...(each.permit.length === 0 ? ['guard'] : [])]
            : 'renew' in each
              ? ['lease']
              : [];
        expect(allowed).toEqual(expect.arrayContaining(letGo));
      }
    }),
  );
});
