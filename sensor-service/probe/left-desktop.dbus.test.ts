// A desktop that was left says nothing more: what it was asked and did not answer is no word of the
// next user's desktop, which speaks by the same source.

import { afterEach, expect } from '@jest/globals';
import { createLog } from '../../runtime/log.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import type { Measurement } from '../reading/measurement.js';
import { Bus } from './bus.dbus.js';
import { inhibitions, watchInhibitions } from './inhibitions.dbus.js';
import { MediaPlayers } from './media-players.dbus.js';
import { busTest, startMockBus } from './mock-bus.testing.js';
import type { WatchDeps } from './property-watch.dbus.js';
import { ScreenCast } from './screen-cast.dbus.js';

/** Longer than any question waits for its answer. */
const ANSWER_MS_MAX = 60_000;

/** After so many answers of the bus a service has been met, and asked. */
const UNTIL_MET = 5;

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

/** Opens a watch on a bus whose service hangs, and closes both while a question is in flight. */
async function leftInFlight(
  service: { readonly name: string; readonly path: string },
  watch: (deps: WatchDeps) => Closeable,
  answersOfTheBus: number,
): Promise<readonly Measurement[]> {
  const desktop = await startMockBus();
  opened.push(desktop);
  const { pid } = await desktop.serveBare(service.name, service.path, service.name);
  const clock = new VirtualClock();
  const bus = new Bus({
    ...{ clock, log: createLog('sensor', 'silent') },
    ...{ name: 'session bus', address: desktop.address, orElse: 'open it' },
  });
  opened.push(bus);
  const isOpen = new Promise<void>((resolve) => {
    bus.listen({ opened: resolve, signalled: () => undefined, lost: () => undefined });
  });
  clock.advance(1);
  await isOpen;
  process.kill(pid, 'SIGSTOP');
  const told: Measurement[] = [];
  const watched = watch({
    ...{ clock, bus },
    tell: (measured) => told.push(...measured),
  });
  const itself = 'org.freedesktop.DBus';
  const own = { service: itself, path: '/org/freedesktop/DBus', iface: itself, member: 'GetId' };
  for (let answer = 0; answer < answersOfTheBus; answer += 1) await bus.call(own);
  const before = told.length;
  await watched.close();
  await bus.close();
  clock.advance(ANSWER_MS_MAX);
  await new Promise((resolve) => setImmediate(resolve));
  return told.slice(before);
}

const [gnome] = inhibitions;
const mutter = 'org.gnome.Mutter.ScreenCast';

busTest('a question of inhibitors ends with the desktop', async () => {
  if (gnome === undefined) throw new Error('there is no desktop');
  const service = { name: gnome.service, path: gnome.path };
  expect(await leftInFlight(service, (deps) => watchInhibitions(gnome, deps), UNTIL_MET)).toEqual(
    [],
  );
});

busTest('a question of screens that are shared ends with the desktop', async () => {
  const service = { name: mutter, path: '/org/gnome/Mutter/ScreenCast' };
  expect(await leftInFlight(service, (deps) => new ScreenCast(deps), UNTIL_MET)).toEqual([]);
});

busTest('the list of players ends with the desktop', async () => {
  const service = { name: 'org.mpris.MediaPlayer2.film', path: '/org/mpris/MediaPlayer2' };
  expect(await leftInFlight(service, (deps) => new MediaPlayers(deps), 0)).toEqual([]);
});
