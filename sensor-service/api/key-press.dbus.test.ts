// A key is pressed in a real X session: what the whole service makes of it.

import { afterEach, expect } from '@jest/globals';
import { systemClock } from '../../runtime/clock.js';
import * as seat from '../probe/buses-under-test.testing.js';
import { startMockBus } from '../probe/mock-bus.testing.js';
import { desktopTest, startXSession } from '../probe/x-session.testing.js';
import { followPresence, startSensorUnderTest, watchPlainly } from './sensor-under-test.testing.js';

/** Longer than a loaded machine takes between two keys. */
const AWAY_AFTER_MS = 1_500;
/** The X server counts in milliseconds of its own, and the desktop asks it a moment later. */
const CLOCKS_APART_MS = 200;

const awayAfter = {
  ...{ inputMs: AWAY_AFTER_MS, darkMs: AWAY_AFTER_MS, lockedMs: AWAY_AFTER_MS },
  terminalMs: 0,
};

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

desktopTest(
  'nobody touches anything: away; a key is pressed: engaged; and away again',
  async () => {
    const bus = await startMockBus();
    opened.push(bus);
    await bus.serve('logind', seat.LOGIN);
    // logind never hears that anybody idles: what is told of keys is told by the desktop.
    await seat.logIn(bus, 'c1');
    const desktop = await startMockBus();
    opened.push(desktop);
    const session = await startXSession(desktop);
    opened.push(session);
    const sensor = await startSensorUnderTest(systemClock, {
      buses: {
        system: bus.address,
        desktopOf: () => ({ address: desktop.address, as: undefined }),
      },
      profile: 'desktop',
      awayAfter,
      sampleEveryMs: 3_600_000,
    });
    opened.push(sensor);
    const watch = watchPlainly(sensor.client);
    opened.push(watch);
    const presence = followPresence(watch);

    await presence.until('away');
    const pressedAtMs = Date.now();
    await session.press('a');
    await presence.until('engaged');
    const left = await presence.until('away');
    // The absence began with the key, not with the moment in which it was believed.
    const sinceMs = left.kind === 'away' ? left.sinceMs : NaN;
    expect(sinceMs).toBeGreaterThanOrEqual(pressedAtMs - CLOCKS_APART_MS);
    expect(sinceMs).toBeLessThan(Date.now() - AWAY_AFTER_MS / 2);
  },
);
