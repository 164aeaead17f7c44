// What an auditor reads of orders.

import { expect, test } from '@jest/globals';
import { localTime } from './local-time.js';
import { orderWords } from './order-words.js';

const untilMs = Date.UTC(2030, 0, 1);
const until = localTime(untilMs);
const subject = { updaterId: 'com.acme.tool', updateId: 'a' };
const actor = 'operator' as const;

test.each<[Parameters<typeof orderWords>[0], string]>([
  [{ kind: 'run.demanded', actor, ...subject }, 'com.acme.tool a wanted now, by operator'],
  [
    { kind: 'run.demanded', actor, by: 'kim', ...subject, updateId: '' },
    'a scan of com.acme.tool wanted now, by operator kim',
  ],
  [
    { kind: 'hold.placed', actor, ...subject, updateId: '', why: 'freeze', untilMs },
    `com.acme.tool held back until ${until}: freeze, by operator`,
  ],
  [
    { kind: 'veto.placed', vetoId: 'veto-1', owner: 'till', why: 'sale', untilMs },
    `till objects until ${until} (veto-1): sale`,
  ],
  [
    { kind: 'switch.tripped', actor, why: 'storm', untilMs },
    `everything stopped until ${until}: storm, by operator`,
  ],
  [
    { kind: 'rollout.stopped', actor: 'policy', ...subject, toVersion: '2', why: 'two failed' },
    'the rollout of com.acme.tool a 2 stopped: two failed, by policy',
  ],
  [
    { kind: 'rollout.resumed', actor, ...subject, toVersion: '2' },
    'the rollout of com.acme.tool a 2 goes on, by operator',
  ],
  [{ kind: 'hold.lifted', actor, ...subject }, 'the hold on com.acme.tool a lifted, by operator'],
  [{ kind: 'veto.lifted', actor, vetoId: 'veto-1' }, 'veto-1 lifted, by operator'],
  [{ kind: 'switch.released', actor }, 'the trip switch released, by operator'],
  [
    { kind: 'restart.ordered', hostId: 'm', atMs: untilMs, updates: ['a', 'b'] },
    `a restart of m at ${until}, for a, b`,
  ],
  [
    { kind: 'restart.cancelled', code: 'PERSON_PRESENT', message: 'somebody came' },
    'the restart taken back: PERSON_PRESENT: somebody came',
  ],
  [{ kind: 'restart.failed', message: 'no init' }, 'the restart failed: no init'],
])('%j', (order, words) => {
  expect(orderWords(order)).toBe(words);
});
