import { describe, expect, test } from '@jest/globals';
import type { Fact } from '../journal/fact.js';
import { defaultPolicy } from '../policy/policy.js';
import {
  admitted,
  at,
  enabled,
  finished,
  found,
  installed,
  interrupted,
  perform,
  submitted,
  updateOf,
  UPDATER,
  worldOf,
} from './history.testing.js';
import { updateKey } from './world.js';

const { retry } = defaultPolicy;
const offered = updateOf('a', { nextAction: 'install' });
const known = [submitted(UPDATER, { actions: ['install', 'verify'] }), enabled(), found([offered])];

function stateAfter(...facts: Fact[]) {
  return worldOf(at(5, ...facts)).updates.get(updateKey(UPDATER, 'a'));
}

describe('a receipt', () => {
  const commit = (receiptId: string) => installed('i', { receiptId });
  const putBackBy = (receiptId: string) => installed('i', { receiptId, reverted: true });

  test.each<[string, Fact[], string[]]>([
    ['a commit told twice', [commit('1'), commit('1')], ['1']],
    ['one told again after the next', [commit('1'), commit('2'), commit('1')], ['1', '2']],
    ['one told again once it was put back', [commit('1'), putBackBy('u'), commit('1')], []],
    ['a putting back', [commit('1'), commit('2'), putBackBy('u')], ['1']],
    [
      'a putting back told twice',
      [commit('1'), commit('2'), putBackBy('u'), putBackBy('u')],
      ['1'],
    ],
    ['two of them', [commit('1'), commit('2'), putBackBy('u'), putBackBy('v')], []],
    [
      'all of a run, told again after a crash',
      [commit('1'), commit('2'), putBackBy('u'), commit('1'), commit('2'), putBackBy('u')],
      ['1'],
    ],
  ])('counts once, however often it is told: %s', (_, told, left) => {
    const state = stateAfter(...known, admitted('i', perform(offered)), ...told);
    expect(state?.committed?.map(({ receiptId }) => receiptId)).toEqual(left);
  });

  test('of a run that was given up when its host went away is put back all the same', () => {
    const admission = admitted('i', perform(offered));
    const goneForGood = Array<Fact[]>(retry.attemptsMax)
      .fill([admission, interrupted('i')])
      .flat();
    const gaveUp = [...known, ...goneForGood];
    expect(worldOf(at(5, ...gaveUp)).runs.size).toBe(0);
    expect(stateAfter(...gaveUp, commit('1'))).toMatchObject({
      committed: [{ receiptId: '1' }],
      mending: { because: { code: 'HOST_LOST' }, isBad: false },
    });
    // Not so what is told once more of one that ended well.
    const well = finished('i', { kind: 'more_to_do', nextAction: 'verify' });
    const told = [...known, admission, commit('1'), well, found([]), found([offered])];
    expect(stateAfter(...told, commit('1'))?.mending).toBeUndefined();
  });

  test('that is told after the end of its run is among the entries of that run', () => {
    const withdrawn: Fact = { kind: 'updater.withdrawn', id: UPDATER, actor: 'operator' };
    const run = [
      admitted('i', perform(offered)),
      interrupted('i'),
      admitted('i', perform(offered)),
    ];
    const facts = [...known, ...run, withdrawn, interrupted('i'), found([]), commit('1')];
    const { history, sequence } = worldOf(at(5, ...facts));
    expect(history).toMatchObject([{ id: 'i', firstSequence: 4, lastSequence: sequence }]);
  });
});

test('an install that waits for a restart since an instant to come waits since it was found again', () => {
  const reboot = { kind: 'more_to_do', nextAction: 'reboot' } as const;
  const world = worldOf([
    // By a clock that is set back before Lull is started again.
    ...at(90, ...known, admitted('i', perform(offered)), installed('i'), finished('i', reboot)),
    ...at(5, found([updateOf('a', { nextAction: 'reboot' })])),
  ]);
  const state = world.updates.get(updateKey(UPDATER, 'a'));
  expect(state).toMatchObject({
    firstSeenAtMs: 5,
    actionSinceMs: 5,
    update: { nextAction: 'reboot' },
  });
  expect(state?.committed).toHaveLength(1);
});
