// What an auditor reads of an admission: which bytes were to run, how confined, and who said that nobody was there.

import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readingKey, type Readings } from '../../conditions/reading.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import {
  at,
  enabled,
  NOW_MS,
  submitted,
  trustingPolicy,
  UPDATER,
} from '../world/history.testing.js';
import { openLedgerUnderTest, type LedgerUnderTest } from '../world/ledger.testing.js';
import { decide } from './decide.js';
import type { HostView } from './host-view.js';
import { permit } from './obey.loop.js';
import { hostWith } from './offering.testing.js';

const clock = new VirtualClock(NOW_MS);
let rig: LedgerUnderTest;

beforeEach(async () => {
  rig = await openLedgerUnderTest(clock);
  await rig.ledger.append(at(NOW_MS, submitted(), enabled()).map(([, fact]) => fact));
});

afterEach(() => rig.close());

async function admittedBy(view: HostView) {
  const { ledger } = rig;
  const host = {
    ...{ hostId: 'host-1', instanceId: 'i', bootId: undefined, confinement: undefined },
    ...{ held: new Map(), diskPath: '', send: () => undefined },
  };
  const plan = decide(ledger.world, view, trustingPolicy, NOW_MS);
  const deps = { ledger, clock, policy: () => trustingPolicy };
  await permit(plan, { ...deps, hostView: () => view, host: () => host });
  return (await rig.facts()).at(-1);
}

function said(by: string): Readings {
  const { readings } = hostWith();
  const key = readingKey('presence', '');
  const presence = readings.get(key);
  return presence === undefined
    ? readings
    : new Map(readings).set(key, { ...presence, source: by });
}

test('is told in its entry', async () => {
  const view = { ...hostWith(), readings: said('reported') };
  expect(await admittedBy(view)).toMatchObject({
    ...{ kind: 'run.admitted', updaterId: UPDATER, bundleSha256: 'a'.repeat(64) },
    ...{ confinement: 'confined', presenceBy: 'reported' },
  });
});
