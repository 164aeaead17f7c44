// What the journal amounts to: updaters and updates, and what holds of every history.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { reasons, type ReasonCode } from '../../conditions/reason.js';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy } from '../policy/policy.js';
import { holdsSlot, type Outcome } from '../runs/run.js';
import { emptyWorld, foldEntry } from './fold.js';
import {
  admitted,
  at,
  enabled,
  entriesOf,
  failure,
  finished,
  found,
  interrupted,
  paused,
  perform,
  started,
  submitted,
  thawed,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { manifestDigest } from './manifest-digest.js';
import { updateKey } from './world.js';

type Submitted = Extract<Fact, { kind: 'updater.submitted' }>;
type Enabled = Extract<Fact, { kind: 'updater.enabled' }>;

const nothing = JSON.stringify(show(emptyWorld()));

function show(world: ReturnType<typeof emptyWorld>) {
  const { updaters, updates, runs, history, epoch } = world;
  return { updaters: [...updaters], updates: [...updates], runs: [...runs], history, epoch };
}

describe('an updater', () => {
  test('is verified, then enabled with exactly what was accepted', () => {
    const submittedOnly = worldOf(at(1, submitted())).updaters.get(UPDATER);
    expect(submittedOnly).toMatchObject({ state: 'verified', current: { version: '1.0.0' } });
    expect(submittedOnly).not.toHaveProperty('accepted');
    const accepted = worldOf(at(1, submitted(), enabled())).updaters.get(UPDATER);
    expect(accepted).toMatchObject({
      state: 'enabled',
      accepted: { version: { version: '1.0.0' } },
    });
  });

  test('that is withdrawn takes its interrupted runs along; what has a slot ends by itself', () => {
    const [a, b] = [perform(updateOf('a')), perform(updateOf('b'))];
    const cut = [admitted('cut', a), interrupted('cut'), admitted('on', b), started('on')];
    const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };
    const world = worldOf(at(1, submitted(), enabled(), ...cut, withdrawn));
    expect([...world.runs.keys()]).toEqual(['on']);
  });

  test('stays enabled at the accepted version while a newer one waits for its acceptance', () => {
    const newer = { ...submitted(), version: '1.1.0', bundleSha256: 'c'.repeat(64) } as Fact;
    const world = worldOf(at(1, submitted(), enabled(), newer));
    expect(world.updaters.get(UPDATER)).toMatchObject({
      state: 'enabled',
      current: { version: '1.1.0' },
      accepted: { version: { version: '1.0.0' } },
    });
    const accepting = enabled(UPDATER, 'c'.repeat(64), '1.1.0');
    const after = worldOf(at(1, submitted(), enabled(), newer, accepting));
    expect(after.updaters.get(UPDATER)?.accepted?.version.version).toBe('1.1.0');
  });

  test('is not enabled by an acceptance of another digest', () => {
    const world = worldOf(at(1, submitted(), enabled(UPDATER, 'd'.repeat(64))));
    expect(world.updaters.get(UPDATER)?.state).toBe('verified');
  });

  test('is not enabled by an acceptance of another manifest of the same version and files', () => {
    const manifestSha256 = manifestDigest(submitted() as Submitted);
    const acceptance: Fact = { ...(enabled() as Enabled), manifestSha256 };
    const stateAfter = (...facts: Fact[]) => worldOf(at(1, ...facts)).updaters.get(UPDATER)?.state;
    expect(stateAfter(submitted(), acceptance)).toBe('enabled');
    const other = submitted(UPDATER, { egress: ['evil.example'] });
    expect(stateAfter(other, acceptance)).toBe('verified');
  });

  test('of a newer version with the same files is not accepted with the one before', () => {
    const newer = { ...submitted(), version: '1.1.0' } as Fact;
    const world = worldOf(at(1, submitted(), newer, enabled()));
    expect(world.updaters.get(UPDATER)?.state).toBe('verified');
  });

  test('whose manifest this version cannot read stays out of the world', () => {
    const odd = submitted(UPDATER, { invented_by_a_newer_lull: true });
    expect(JSON.stringify(show(worldOf(at(1, odd))))).toBe(nothing);
  });

  test('that is withdrawn while its scan is on gets nothing from what that scan found', () => {
    const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };
    const world = worldOf(at(1, submitted(), enabled(), withdrawn, found([updateOf('a')])));
    expect(world.updates.size).toBe(0);
  });

  test('that is suspended is taken up again by an operator, and by no policy', () => {
    const suspended: Fact = {
      ...{ kind: 'updater.suspended', id: UPDATER, code: 'DIGEST_MISMATCH', why: 'bad' },
      actor: 'orchestrator',
    };
    const stateAfter = (actor: 'operator' | 'policy'): string | undefined => {
      const again = { ...enabled(), actor } as Fact;
      const facts = [submitted(), enabled(), suspended, submitted(), again];
      return worldOf(at(1, ...facts)).updaters.get(UPDATER)?.state;
    };
    expect([stateAfter('operator'), stateAfter('policy')]).toEqual(['enabled', 'suspended']);
  });

  test('that its vendor withdraws stays held; one that an operator removes does not', () => {
    const held: Fact = {
      ...{ kind: 'hold.placed', updaterId: UPDATER, updateId: '', why: 'no', untilMs: 9 },
      actor: 'operator',
    };
    const holdsAfter = (actor: 'operator' | 'vendor'): number =>
      worldOf(at(1, submitted(), held, { kind: 'updater.withdrawn', id: UPDATER, actor })).holds
        .size;
    expect([holdsAfter('vendor'), holdsAfter('operator')]).toEqual([1, 0]);
  });

  test('withdrawn takes its updates with it, and only its own', () => {
    const other = 'com.acme.other';
    const world = worldOf(
      at(
        1,
        ...[submitted(), submitted(other), found([updateOf('a')]), found([updateOf('b')], other)],
        { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' },
      ),
    );
    expect([...world.updaters.keys()]).toEqual([other]);
    expect([...world.updates.keys()]).toEqual([updateKey(other, 'b')]);
  });
});

describe('a scan', () => {
  const before = [submitted(), enabled(), found([updateOf('a'), updateOf('b')])];

  test('is the whole set: what is absent has gone away', () => {
    const world = worldOf(at(1, ...before, found([updateOf('b'), updateOf('c')])));
    expect([...world.updates.values()].map(({ update }) => update.id)).toEqual(['b', 'c']);
  });

  test('of nothing leaves nothing', () => {
    expect(worldOf(at(1, ...before, found([]))).updates.size).toBe(0);
  });

  test('keeps since when an update was waiting, and its failures while the version is the same', () => {
    const trial = [admitted('r', perform(updateOf('a'))), finished('r', failure('APPLY_FAILED'))];
    const rescan = found([updateOf('a', { title: 'New words' })]);
    const same = worldOf([...at(1, ...before), ...at(5, ...trial), ...at(9, rescan)]);
    expect(same.updates.get(updateKey(UPDATER, 'a'))).toMatchObject({
      firstSeenAtMs: 1,
      update: { title: 'New words' },
      trials: { failureCount: 1 },
    });
    const newer = found([updateOf('a', { toVersion: '3.0.0' })]);
    const other = worldOf([...at(1, ...before), ...at(5, ...trial), ...at(9, newer)]);
    expect(other.updates.get(updateKey(UPDATER, 'a'))?.trials.failureCount).toBe(0);
  });

  test('does not change an update under a run that is at it', () => {
    const run = admitted('r', perform(updateOf('a')));
    const newer = updateOf('a', { toVersion: '3.0.0', nextAction: 'install' });
    const world = worldOf(
      at(1, submitted(), enabled(), found([updateOf('a')]), run, found([newer])),
    );
    const [state] = [...world.updates.values()];
    expect(state?.update).toEqual(updateOf('a'));
  });

  test('does not take an update away from under a run', () => {
    const run = admitted('r', perform(updateOf('a', { nextAction: 'install' })));
    const world = worldOf(at(1, ...before, run, found([])));
    expect([...world.updates.values()].map(({ update }) => update.id)).toEqual(['a']);
  });

  test('brings an update that was given up back with another version, not with the same', () => {
    const gaveUp = [
      admitted('r', perform(updateOf('a'))),
      finished('r', failure('DIGEST_MISMATCH', false)),
    ];
    const key = updateKey(UPDATER, 'a');
    const same = worldOf(at(1, ...before, ...gaveUp, found([updateOf('a')])));
    expect(same.updates.get(key)?.gaveUp).toMatchObject({ code: 'DIGEST_MISMATCH' });
    const newer = found([updateOf('a', { toVersion: '3.0.0' })]);
    const next = worldOf(at(1, ...before, ...gaveUp, newer));
    expect(next.updates.get(key)).not.toHaveProperty('gaveUp');
  });
});

const code = fc.constantFrom(...(Object.keys(reasons) as ReasonCode[]));
const action = fc.constantFrom('download' as const, 'install' as const, 'verify' as const);
const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom<Outcome>({ kind: 'succeeded' }, { kind: 'gone' }),
  action.map((nextAction) => ({ kind: 'more_to_do' as const, nextAction })),
  code.map((each) => ({ kind: 'cancelled' as const, code: each })),
  fc.tuple(code, fc.boolean()).map(([each, retry]) => failure(each, retry)),
);
const runId = fc.constantFrom('run-1', 'run-2', 'run-3');
const updaterId = fc.constantFrom(UPDATER, 'com.acme.other', '__proto__');
const update = fc
  .tuple(fc.constantFrom('a', 'b', 'constructor'), action)
  .map(([id, nextAction]) => updateOf(id, { nextAction }));
const work = fc.oneof(fc.constant({ kind: 'scan' as const }), update.map(perform));
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  updaterId.filter((id) => id !== '__proto__').map((id) => submitted(id)),
  updaterId.map((id) => enabled(id)),
  updaterId.map((id): Fact => ({ kind: 'updater.withdrawn', id, actor: 'operator' })),
  fc
    .tuple(fc.uniqueArray(update, { selector: ({ id }) => id }), updaterId)
    .map((all) => found(...all)),
  fc
    .record({
      id: runId,
      work,
      updater: updaterId,
      epoch: fc.nat(99),
      attempt: fc.integer({ min: 1, max: 6 }),
    })
    .map(({ id, updater, ...more }) => admitted(id, more.work, { ...more, updaterId: updater })),
  runId.map(started),
  runId.map((id) => paused(id, 'PERSON_PRESENT')),
  runId.map((id): Fact => ({ kind: 'run.resumed', runId: id })),
  runId.map(thawed),
  runId.map(interrupted),
  fc.tuple(runId, anyOutcome).map((all) => finished(...all)),
);
const anyHistory = fc
  .array(fc.tuple(fc.nat(1e6), anyFact), { maxLength: 40 })
  .map((dated) => entriesOf(dated));

describe('for every history', () => {
  test('each prefix folds, and the world is the same every time (F1)', () => {
    fc.assert(
      fc.property(anyHistory, (entries) => {
        const [once, twice] = [emptyWorld(), emptyWorld()];
        for (const entry of entries) {
          foldEntry(once, entry, defaultPolicy.retry);
          expect(once.sequence).toBe(entry.sequence);
        }
        for (const entry of entries) foldEntry(twice, entry, defaultPolicy.retry);
        expect(show(once)).toEqual(show(twice));
      }),
    );
  });

  test('finished runs are over, the others are not, and the fence never goes back', () => {
    fc.assert(
      fc.property(anyHistory, (entries) => {
        const world = emptyWorld();
        let epoch = 0;
        for (const entry of entries) {
          foldEntry(world, entry, defaultPolicy.retry);
          expect(world.epoch).toBeGreaterThanOrEqual(epoch);
          epoch = world.epoch;
        }
        expect(world.history.every(({ phase }) => phase.kind === 'finished')).toBe(true);
        for (const [id, run] of world.runs) {
          expect(run.id).toBe(id);
          expect(run.phase.kind).not.toBe('finished');
          expect(holdsSlot(run)).toBe(run.phase.kind !== 'interrupted');
        }
      }),
    );
  });

  test('facts about what is unknown change nothing', () => {
    const stray = anyFact.filter(
      ({ kind }) => !['updater.submitted', 'run.admitted', 'scan.found'].includes(kind),
    );
    fc.assert(
      fc.property(fc.array(stray, { maxLength: 20 }), (facts) => {
        expect(JSON.stringify(show(worldOf(at(1, ...facts))))).toBe(nothing);
      }),
    );
  });
});
