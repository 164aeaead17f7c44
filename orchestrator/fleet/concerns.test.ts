import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { enabled, submitted } from '../world/history.testing.js';
import { concerns, mayShareRoots } from './concerns.js';

const written = (...facts: Fact[]) => facts.map((fact) => ({ fact }));
const suspended: Fact = {
  ...{ kind: 'updater.suspended', id: 'com.acme.one', code: 'OPERATOR', why: '' },
  actor: 'operator',
};

describe('what another orchestrator has written since it was decided', () => {
  test('concerns it where it is of the same updater', () => {
    expect(concerns(written(submitted('com.acme.one')), [suspended])).toBe(true);
    expect(concerns(written(submitted('com.acme.two')), [suspended])).toBe(false);
    expect(concerns([], [suspended])).toBe(false);
  });

  test('concerns an acceptance where it is one, of whichever updater: they may share a root', () => {
    const accepted = written(submitted('com.acme.two'), enabled('com.acme.two'));
    const both = [submitted('com.acme.one'), enabled('com.acme.one')];
    expect(concerns(accepted, both)).toBe(true);
    expect(mayShareRoots(accepted, both)).toBe(true);
    for (const [theirs, ours] of [
      [accepted, [submitted('com.acme.one')]],
      [written(submitted('com.acme.two')), both],
    ] as const) {
      expect(concerns(theirs, ours)).toBe(false);
      expect(mayShareRoots(theirs, ours)).toBe(false);
    }
  });
});
