// Whether a screen saver hides the screen: one method to ask once, one signal ever after.

import type { Closeable } from '../../runtime/shutdown.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

/** Each desktop has one of these. KDE's and others' own path is where the specification says. */
export const screenSavers = [
  { service: 'org.gnome.ScreenSaver', path: '/org/gnome/ScreenSaver' },
  { service: 'org.freedesktop.ScreenSaver', path: '/org/freedesktop/ScreenSaver' },
] as const;

interface SaverDeps extends Omit<WatchDeps, 'tell'> {
  readonly saver: (typeof screenSavers)[number];
  readonly changed: (isOn: boolean) => void;
}

export function watchScreenSaver(deps: SaverDeps): Closeable {
  const { service, path } = deps.saver;
  const ask = (): void => {
    mirror.ask({ path, iface: service, member: 'GetActive' }, (_error, isOn) => {
      // One that cannot be asked says nothing; its signals still count.
      if (typeof isOn === 'boolean') deps.changed(isOn);
    });
  };
  const mirror: Mirror = new Mirror({
    ...deps,
    ...{ service, ifAbsent: 'desktops have one' },
    appeared: ask,
    changed: () => {
      // One that has gone hides nothing.
      if (mirror.state.kind !== 'present') deps.changed(false);
    },
    signalled: ({ path: from, iface, member, args }) => {
      if (from !== path || iface !== service || member !== 'ActiveChanged') return;
      if (typeof args[0] === 'boolean') deps.changed(args[0]);
    },
  });
  return mirror;
}
