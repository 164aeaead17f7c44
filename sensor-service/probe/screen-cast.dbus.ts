// Whether a screen is shared or recorded, as GNOME's compositor knows it: each screen cast, and each
// remote control of the screen, is an object of its own for as long as it lasts. None is announced, so
// that the places at which they appear are looked at, with the rounds of measuring.

import type { Closeable } from '../../runtime/shutdown.js';
import type { Value } from '../../conditions/reading.js';
import { flagValue, measurement, unknownValue } from '../reading/measurement.js';
import { hasVanished } from './followed.dbus.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

const SERVICE = 'org.gnome.Mutter.ScreenCast';
const places = ['/org/gnome/Mutter/ScreenCast/Session', '/org/gnome/Mutter/RemoteDesktop/Session'];
const INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable';
const IF_ABSENT =
  'GNOME tells it, other desktops do not; whatever shares a screen there can say so with `lull inhibit`';

export class ScreenCast implements Closeable {
  private readonly mirror: Mirror;
  /** Tells the answers of one round from those of the round before. */
  private round = 0;

  constructor(private readonly deps: WatchDeps) {
    this.mirror = new Mirror({
      ...deps,
      // None of its signals says when one begins.
      ...{ service: SERVICE, ifAbsent: IF_ABSENT, heeds: {} },
      appeared: () => {
        this.look();
      },
      changed: () => {
        const { state } = this.mirror;
        if (state.kind === 'present') return;
        this.tell(unknownValue(state.why));
      },
    });
  }

  close(): void {
    this.mirror.close();
  }

  look(): void {
    if (this.mirror.state.kind !== 'present') return;
    this.round += 1;
    const { round } = this;
    const seen: (boolean | undefined)[] = [];
    for (const path of places) {
      this.mirror.ask({ path, iface: INTROSPECTABLE, member: 'Introspect' }, (error, xml) => {
        if (round !== this.round || this.mirror.state.kind !== 'present') return;
        // Where there never was a session, or none is left, there is no such object.
        if (hasVanished(error)) seen.push(false);
        else seen.push(typeof xml === 'string' ? xml.includes('<node name=') : undefined);
        if (seen.length === places.length) this.judge(seen);
      });
    }
  }

  private judge(seen: readonly (boolean | undefined)[]): void {
    if (seen.includes(true)) this.tell(flagValue(true));
    else if (seen.includes(undefined)) this.tell(unknownValue(`${SERVICE} shows no sessions`));
    else this.tell(flagValue(false));
  }

  private tell(value: Value): void {
    this.deps.tell([measurement('attention.sharing', SERVICE, value)]);
  }
}
