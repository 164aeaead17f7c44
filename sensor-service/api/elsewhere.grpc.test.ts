// The whole service as it would be on another system, on this one: nothing answers here, and that is what has
// to be said.

import { beforeAll, expect, test } from '@jest/globals';
import { signals, type Signal } from '../../conditions/reading.js';
import { readingFromWire } from '../../proto/wire/reading.js';
import { systemClock } from '../../runtime/clock.js';
import { unary } from '../../runtime/grpc.js';
import { startSensorUnderTest } from './sensor-under-test.testing.js';

// It is loaded where it is first asked, which is no part of what is tried here.
beforeAll(async () => {
  await import('systeminformation');
});

test.each<[NodeJS.Platform]>([['darwin'], ['win32'], ['freebsd']])(
  'on %s every signal has a value or a reason, which asks for nothing of Linux, and says that it was not tried',
  async (platform) => {
    const sensor = await startSensorUnderTest(systemClock, {
      platform,
      buses: { system: 'unix:path=/nonexistent/bus', desktopOf: undefined },
    });
    try {
      const { client } = sensor;
      const { readings } = await unary(client.getState.bind(client), {}, { deadlineMs: 20_000 });
      const told = readings.flatMap((wire) => readingFromWire(wire) ?? []);
      const names = new Set(told.map(({ signal }) => signal));
      const silent = (Object.keys(signals) as Signal[]).filter((signal) => !names.has(signal));
      // Of programs those are told that somebody asks about.
      expect(silent).toEqual(['app.running']);
      for (const { signal, value, source } of told) {
        if (value.kind === 'unknown') expect(value.why).not.toMatch(/dbus|system bus|logind|utmp/);
        const isTried = signal === 'presence' && source === 'no provider';
        expect([signal, source]).toEqual([
          signal,
          isTried ? source : expect.stringContaining('(not tried)'),
        ]);
      }
    } finally {
      await sensor.close();
    }
  },
  30_000,
);
