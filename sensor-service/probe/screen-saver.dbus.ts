// Whether a screen saver hides the screen: one method to ask once, one signal ever after.

import type { Closeable } from '../../runtime/shutdown.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

/** Each desktop has one. KDE's and others' own path is where the specification says. */
export const screenSavers = ['gnome', 'freedesktop', 'mate', 'cinnamon', 'xfce'].map((desktop) => ({
  service: `org.${desktop}.ScreenSaver`,
  path: `/org/${desktop}/ScreenSaver`,
}));

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
    ...{ service, ifAbsent: 'desktops have one', heeds: { signals: [service] } },
    appeared: ask,
    changed: () => {
      // One that has gone hides nothing.
      if (mirror.state.kind !== 'present') deps.changed(false);
    },
    signalled: ({ iface, member, args }) => {
      // Not every one signals from the path at which it is asked.
      if (iface !== service || member !== 'ActiveChanged') return;
      if (typeof args[0] === 'boolean') deps.changed(args[0]);
    },
  });
  return mirror;
}
