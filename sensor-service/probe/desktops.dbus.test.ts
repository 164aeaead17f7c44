// What desktops tell of their programs and their screens, each in its own words.

import { afterEach, expect } from '@jest/globals';
import type { Signal, Value } from '../../conditions/reading.js';
import * as seat from './buses-under-test.testing.js';
import { listenTo, type BusesUnderTest } from './buses-under-test.testing.js';
import { inhibitions } from './inhibitions.dbus.js';
import { busTest, startMockBus, type MockBus, type Target } from './mock-bus.testing.js';
import { screenSavers } from './screen-saver.dbus.js';
import { desktopTest, startXSession } from './x-session.testing.js';

const opened: { close(): Promise<void> | void }[] = [];

afterEach(async () => {
  for (let next = opened.pop(); next !== undefined; next = opened.pop()) await next.close();
});

const flag = (wanted: boolean) => (value: Value) => value.kind === 'flag' && value.flag === wanted;
const unknown = (value: Value): boolean => value.kind === 'unknown';
const mockOf = (on: Target): Target => ({ ...on, iface: 'org.freedesktop.DBus.Mock' });

/** A machine with somebody logged in, and the bus of that desktop. */
async function startBuses(): Promise<{ bus: MockBus; desktop: MockBus }> {
  const bus = await startMockBus();
  opened.push(bus);
  await bus.serve('logind', seat.LOGIN);
  await seat.logIn(bus, 'c1');
  const desktop = await startMockBus();
  opened.push(desktop);
  return { bus, desktop };
}

async function startDesktop(): Promise<{ desktop: MockBus; heard: BusesUnderTest }> {
  const { bus, desktop } = await startBuses();
  const heard = listenTo(bus, { desktop });
  opened.push(heard);
  await heard.untilValue('attention.inhibitor', () => true);
  return { desktop, heard };
}

/** A method that answers with what `say` said last, at first with `no`. */
async function answering(
  desktop: MockBus,
  on: Target,
  member: string,
  takes: string,
): Promise<(flag: boolean) => Promise<void>> {
  const answer = `ret = getattr(self, "said", False)`;
  await desktop.call(mockOf(on), 'AddMethod', 'sssss', [on.iface, member, takes, 'b', answer]);
  const set = 'self.said = args[0]';
  await desktop.call(mockOf(on), 'AddMethod', 'sssss', [on.iface, 'Say', 'b', '', set]);
  return async (said) => {
    await desktop.call(on, 'Say', 'b', [said]);
  };
}

const inhibitor = (heard: BusesUnderTest): Value =>
  heard.value('attention.inhibitor') ?? { kind: 'unknown', why: 'nothing was told' };
const emit = (desktop: MockBus, on: Target, member: string): Promise<unknown> =>
  desktop.call(mockOf(on), 'EmitSignal', 'sssav', [on.iface, member, '', []]);

for (const asked of inhibitions) {
  busTest(`a program that keeps the screen on is told by ${asked.service}`, async () => {
    const { desktop, heard } = await startDesktop();
    const on: Target = asked;
    const service = await desktop.serveBare(on.service, on.path, on.iface);
    const takes = asked.kind === undefined ? '' : 'u';
    const film = 'ret = [("film", "playing")] if getattr(self, "said", False) else []';
    if (asked.mayBeOwn === true) {
      const list = [on.iface, 'ListInhibitions', '', 'a(ss)', film];
      await desktop.call(mockOf(on), 'AddMethod', 'sssss', list);
    }
    const say = await answering(desktop, on, asked.member, takes);
    const [begun = '', ended = begun] = asked.changes;
    await say(true);
    await emit(desktop, on, begun);
    await heard.untilValue('attention.inhibitor', flag(true));
    expect(heard.source('attention.inhibitor')).toBe(on.service);
    await say(false);
    await emit(desktop, on, ended);
    await heard.untilValue('attention.inhibitor', flag(false));
    await say(true);
    await emit(desktop, on, begun);
    await heard.untilValue('attention.inhibitor', flag(true));
    // What a desktop that has gone said last does not stand.
    await service.close();
    await heard.untilValue('attention.inhibitor', flag(false));
  });
}

busTest(
  'a desktop that answers nonsense keeps nobody from anything, and vouches for nothing',
  async () => {
    const { desktop, heard } = await startDesktop();
    const [on] = inhibitions;
    if (on === undefined) throw new Error('there is no desktop');
    await desktop.serveBare(on.service, on.path, on.iface);
    const say = ['AddMethod', 'sssss', [on.iface, on.member, 'u', 's', 'ret = "perhaps"']] as const;
    await desktop.call(mockOf(on), ...say);
    await emit(desktop, on, on.changes[0] ?? '');
    // logind knows of nobody: that is what is left.
    await heard.untilValue('attention.inhibitor', flag(false));
    expect(heard.source('attention.inhibitor')).toBe('logind');
  },
);

/** KDE's agent, which has taken over what logind knows: a(ssssu) of its newer versions. */
const ownAtLogind = '("sleep:idle", "Lull", "Installing updates", "block", 3)';

busTest(
  "Lull's own inhibitor, taken over by KDE, is no person's; a film beside it is",
  async () => {
    const { desktop, heard } = await startDesktop();
    const on = inhibitions.find(({ mayBeOwn }) => mayBeOwn === true);
    if (on === undefined) throw new Error('there is no KDE');
    await desktop.serveBare(on.service, on.path, on.iface);
    const say = await answering(desktop, on, on.member, 'u');
    const active = async (rows: string): Promise<void> => {
      const set = `
if "${on.iface}" not in self.props: self.props["${on.iface}"] = {}
self.props["${on.iface}"]["ActiveInhibitions"] = dbus.Array([${rows}], signature="(ssssu)")`;
      await desktop.call(mockOf(on), 'AddMethod', 'sssss', [on.iface, 'Set', '', '', set]);
      await desktop.call(on, 'Set');
      await emit(desktop, on, 'InhibitionsChanged');
    };
    const ofKde = async (wanted: boolean): Promise<void> => {
      const told = (): boolean => heard.source('attention.inhibitor') === on.service;
      await heard.until('word of KDE', () => told() && flag(wanted)(inhibitor(heard)));
    };
    await say(true);
    await active(`${ownAtLogind}, ("idle", "film", "playing", "block", 3)`);
    await ofKde(true);
    await active(ownAtLogind);
    await heard.untilValue('attention.inhibitor', flag(false));
    await active(`${ownAtLogind}, ("sleep", "a download", "a large file", "block", 3)`);
    await active(`${ownAtLogind}, ("idle", "film", "playing", "block", 3)`);
    await ofKde(true);
  },
);

for (const saver of screenSavers) {
  busTest(`${saver.service} hides the screen: away, and back when it goes`, async () => {
    const { desktop, heard } = await startDesktop();
    const on: Target = { ...saver, iface: saver.service };
    await desktop.serveBare(on.service, on.path, on.iface);
    // Whoever has not met it yet when it signals asks it when they do.
    const say = await answering(desktop, on, 'GetActive', '');
    const changed = async (isOn: boolean): Promise<void> => {
      await say(isOn);
      await desktop.call(mockOf(on), 'EmitSignal', 'sssav', [
        ...[on.iface, 'ActiveChanged', 'b', [['b', isOn]]],
      ]);
    };
    await heard.untilPresence('engaged');
    await changed(true);
    await heard.untilPresence('away');
    await changed(false);
    await heard.untilPresence('engaged');
  });
}

busTest(
  "GNOME's screen saver, as dbusmock has it, hides the screen from the start, and lets go",
  async () => {
    const { bus, desktop } = await startBuses();
    const service = 'org.gnome.ScreenSaver';
    const saver: Target = { service, path: '/org/gnome/ScreenSaver', iface: service };
    await desktop.serve('gnome_screensaver', service);
    await desktop.call(saver, 'SetActive', 'b', [true]);
    const heard = listenTo(bus, { desktop });
    opened.push(heard);
    await heard.untilPresence('away');
    await desktop.call(saver, 'SetActive', 'b', [false]);
    await heard.untilPresence('engaged');
  },
);

desktopTest(
  'a screen that is cast is told by the real compositor, until the cast ends',
  async () => {
    const { desktop, heard } = await startDesktop();
    const sharing: Signal = 'attention.sharing';
    await heard.untilValue(sharing, unknown);
    const session = await startXSession(desktop);
    opened.push(session);
    await heard.untilValue(sharing, flag(false));
    const cast = {
      ...{ service: 'org.gnome.Mutter.ScreenCast', path: '/org/gnome/Mutter/ScreenCast' },
      iface: 'org.gnome.Mutter.ScreenCast',
    };
    const path = await desktop.call(cast, 'CreateSession', 'a{sv}', [[]]);
    expect(path).toMatch(/^\/org\/gnome\/Mutter\/ScreenCast\/Session\/u\d+$/);
    await heard.untilValue(sharing, flag(true));
    const made = { ...cast, path: String(path), iface: 'org.gnome.Mutter.ScreenCast.Session' };
    await desktop.call(made, 'Stop');
    await heard.untilValue(sharing, flag(false));
  },
);
