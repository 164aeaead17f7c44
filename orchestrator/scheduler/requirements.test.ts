import { describe, expect, test } from '@jest/globals';
import { defaultPolicy } from '../policy/policy.js';
import type { ActionName } from '../runs/run.js';
import { perform, updateOf } from '../world/history.testing.js';
import { toContinue, toResume, toStart } from './requirements.js';

const options = { diskPath: '/opt', quietSinceOwnRun: true };
const { waiting, disk, load } = defaultPolicy;

function kindsOf(action: ActionName, quietSinceOwnRun = true): string[] {
  const work = action === 'scan' ? ({ kind: 'scan' } as const) : perform(updateOf('a'));
  const all = toStart(action, work, defaultPolicy, { ...options, quietSinceOwnRun });
  return all.map(({ kind }) => kind);
}

const loads = Object.keys(load).map(() => 'below');

describe('to start', () => {
  test.each<[ActionName, string[]]>([
    ['scan', ['person-away', 'battery-above', ...loads]],
    ['download', ['person-away', 'battery-above', ...loads, 'disk-free']],
    ['install', ['person-away', 'on-ac', ...loads, 'disk-free']],
    ['verify', ['person-away', 'on-ac', ...loads, 'disk-free']],
    ['rollback', ['person-away', 'on-ac', ...loads, 'disk-free']],
    ['reboot', ['person-away', 'on-ac', ...loads, 'disk-free']],
  ])('%s', (action, kinds) => {
    expect(kindsOf(action)).toEqual(kinds);
  });

  test('changing something needs a longer absence than looking', () => {
    const [look] = toStart('scan', { kind: 'scan' }, defaultPolicy, options);
    const [change] = toStart('install', perform(updateOf('a')), defaultPolicy, options);
    expect(look).toEqual({ kind: 'person-away', forMs: waiting.awayMs });
    expect(change).toEqual({ kind: 'person-away', forMs: waiting.awayForInstallMs });
  });

  test('load that may be our own is not asked', () => {
    expect(kindsOf('download', false)).toEqual(['person-away', 'battery-above', 'disk-free']);
  });

  test('sizes that nobody told leave the rest that is kept for the person', () => {
    const all = toStart('install', perform(updateOf('a')), defaultPolicy, options);
    expect(all.at(-1)).toEqual({ kind: 'disk-free', path: '/opt', bytes: disk.freeBytesMin });
  });
});

test('to go on, being away for a moment is enough; to be taken up again, it is not', () => {
  expect(toContinue('install', defaultPolicy)).toEqual([
    { kind: 'person-away', forMs: 0 },
    { kind: 'on-ac' },
  ]);
  expect(toContinue('scan', defaultPolicy)[1]).toEqual({ kind: 'battery-above', percent: 10 });
  expect(toResume('install', defaultPolicy)).toEqual([
    { kind: 'person-away', forMs: waiting.awayToResumeMs },
    { kind: 'on-ac' },
  ]);
});
