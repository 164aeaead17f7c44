// Whether a desktop's programs keep its screen from idling: a film, a talk, a game. Each desktop is asked
// again whenever it says that something changed: so that what it says first counts too.

import type { Value } from '../../conditions/reading.js';
import type { Closeable } from '../../runtime/shutdown.js';
import { screenKeptOn, screenKeptOnByOthers, type OfSomethingElse } from '../reading/kde.js';
import { flagValue, measurement, unknownValue } from '../reading/measurement.js';
import { PROPERTIES } from './heeds.dbus.js';
import { Mirror } from './mirror.dbus.js';
import type { WatchDeps } from './property-watch.dbus.js';

interface Inhibitions {
  readonly service: string;
  readonly path: string;
  readonly iface: string;
  /** The question, and what it takes: which kind of inhibition is meant. */
  readonly member: string;
  readonly kind?: number;
  /** It may be kept from idling by Lull itself, so that it is asked whose each inhibition is. */
  readonly mayBeOwn?: true;
  /** After these signals the answer may be another one. */
  readonly changes: readonly string[];
  readonly ifAbsent: string;
}

/** GNOME's flag of idling. The desktop portal's Inhibit arrives there, and at KDE's agent, too. */
const INHIBITS_IDLE = 8;
/** KDE's of changing the screen's settings: dimming it, and switching it off. */
const CHANGES_SCREEN = 4;

const gnome = 'org.gnome.SessionManager';
const kde = 'org.kde.Solid.PowerManagement.PolicyAgent';

export const inhibitions: readonly Inhibitions[] = [
  {
    ...{ service: gnome, path: '/org/gnome/SessionManager', iface: gnome },
    ...{ member: 'IsInhibited', kind: INHIBITS_IDLE },
    changes: ['InhibitorAdded', 'InhibitorRemoved'],
    ifAbsent: 'GNOME, MATE and Cinnamon have it',
  },
  {
    ...{ service: kde, path: '/org/kde/Solid/PowerManagement/PolicyAgent', iface: kde },
    ...{ member: 'HasInhibition', kind: CHANGES_SCREEN, mayBeOwn: true },
    changes: ['InhibitionsChanged'],
    ifAbsent: 'KDE has it',
  },
  {
    // KDE answers at this path as well, of sleep alone: so it is asked for by its own name.
    service: 'org.xfce.PowerManager',
    path: '/org/freedesktop/PowerManagement/Inhibit',
    iface: 'org.freedesktop.PowerManagement.Inhibit',
    member: 'HasInhibit',
    changes: ['HasInhibitChanged'],
    ifAbsent: 'XFCE has it',
  },
];

export function watchInhibitions(asked: Inhibitions, deps: WatchDeps): Closeable {
  const { service, path, iface, member, kind, changes, ifAbsent } = asked;
  const takes = kind === undefined ? {} : { signature: 'u', args: [kind] };
  let ofSomethingElse: OfSomethingElse = new Set();
  const tell = (value: Value): void => {
    deps.tell([measurement('attention.inhibitor', service, value)]);
  };
  const ask = (): void => {
    mirror.ask({ path, iface, member, ...takes }, (_error, isInhibited) => {
      if (mirror.state.kind !== 'present') return;
      if (asked.mayBeOwn === true) askWhose(isInhibited);
      else if (typeof isInhibited === 'boolean') tell(flagValue(isInhibited));
      else tell(unknownValue(`${service} does not say whether it is kept from idling`));
    });
  };
  const askWhose = (isInhibited: unknown): void => {
    const active = { signature: 'ss', args: [iface, 'ActiveInhibitions'] };
    mirror.ask({ path, iface: PROPERTIES, member: 'Get', ...active }, (error, list) => {
      if (mirror.state.kind !== 'present') return;
      if (error === undefined) tell(screenKeptOn(list));
      else askWhoseByName(isInhibited);
    });
  };
  const askWhoseByName = (isInhibited: unknown): void => {
    mirror.ask({ path, iface, member: 'ListInhibitions' }, (_error, list) => {
      if (mirror.state.kind !== 'present') return;
      const answer = screenKeptOnByOthers(isInhibited, list, ofSomethingElse);
      ofSomethingElse = answer.ofSomethingElse;
      tell(answer.value);
    });
  };
  const mirror: Mirror = new Mirror({
    ...deps,
    ...{ service, ifAbsent, heeds: { signals: [iface] }, appeared: ask },
    changed: () => {
      if (mirror.state.kind !== 'present') tell(unknownValue(mirror.state.why));
    },
    signalled: (signal) => {
      if (signal.iface === iface && changes.includes(signal.member)) ask();
    },
  });
  return mirror;
}
