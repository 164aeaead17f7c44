// Everything that comes over D-Bus: the machine's services on the system bus, and those of the desktop
// on the bus of whoever sits at the machine.

import type { Clock } from '../../runtime/clock.js';
import type { Log } from '../../runtime/log.js';
import { CloseStack, type Closeable } from '../../runtime/shutdown.js';
import { measurement, unknownValue } from '../reading/measurement.js';
import { stillAfterMs } from '../reading/counted-input.js';
import type { AwayAfter } from '../reading/seat.js';
import type { Logins } from '../reading/utmp.js';
import type { SeatLoop } from '../sampling/seat.loop.js';
import { Bus } from './bus.dbus.js';
import type { DisplayPlace } from './display.x11.js';
import { Fullscreen } from './fullscreen.x11.js';
import { IdleMonitor } from './idle-monitor.dbus.js';
import { inhibitions, watchInhibitions } from './inhibitions.dbus.js';
import { Logind, type Sessions } from './logind.dbus.js';
import { MediaPlayers } from './media-players.dbus.js';
import { PropertyWatch, type Tell } from './property-watch.dbus.js';
import { ScreenCast } from './screen-cast.dbus.js';
import { screenSavers, watchScreenSaver } from './screen-saver.dbus.js';
import { sitting, whyNobody, type Sitting } from './sitting.js';
import { desktopServices, machineServices } from './watched.js';
import { ownDisplay, X_SOCKETS } from './x-sockets.js';

const NO_FULLSCREEN =
  'Wayland tells no program which window fills the screen; most that do keep it from idling (attention.inhibitor), others can say so with `lull inhibit`';
const START = 'start dbus, or show its socket to Lull';

export interface BusAddresses {
  readonly system: string;
  /** The bus of the desktop of a user; undefined where it is not to be listened to. */
  readonly desktopOf: ((uid: number) => DesktopBus) | undefined;
}

export interface DesktopBus {
  readonly address: string;
  /** The user whom it takes in; undefined: this process's own. */
  readonly as: number | undefined;
}

interface BusesDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly addresses: BusAddresses;
  readonly awayAfter: AwayAfter;
  /** Who is told of sessions, of input, and of what hides the screen. */
  readonly seat: SeatLoop;
  /** Is told the sessions as utmp would have them. */
  readonly onSessions: (sessions: Logins) => void;
  /** Adds a source of readings; each speaks for itself. */
  readonly source: () => Tell;
  /** Shorter in tests. */
  readonly pingEveryMs?: number;
  readonly callMsMax?: number;
}

export interface WatchedBuses extends Closeable {
  /** Asks whoever knows of a person whether it still answers: one that does not is silent at once. */
  check(): void;
  /** Looks for what nobody announces. */
  look(): void;
}

export function watchBuses(deps: BusesDeps): WatchedBuses {
  const closers = new CloseStack(deps.log);
  const { seat } = deps;
  const bus = closers.add(
    'system bus',
    new Bus({ ...deps, name: 'system bus', address: deps.addresses.system, orElse: START }),
  );
  const desktop = closers.add('desktop', new Desktop(deps));
  const on = { ...deps, bus };
  const logind = closers.add(
    'logind',
    new Logind({
      ...on,
      tell: deps.source(),
      resumed: () => {
        seat.sign();
      },
      sessions: (sessions) => {
        if (sessions.kind === 'known') seat.knowSessions(sessions.sessions);
        else seat.loseSessions(sessions.why);
        deps.onSessions(loginsOf(sessions));
        desktop.follow(sitting(sessions), whyNobody(sessions));
      },
    }),
  );
  for (const watched of machineServices) {
    closers.add(watched.service, new PropertyWatch(watched, { ...on, tell: deps.source() }));
  }
  return {
    check: () => {
      logind.check();
      desktop.check();
    },
    look: () => {
      desktop.look();
    },
    close: () => closers.close(),
  };
}

function loginsOf(sessions: Sessions): Logins {
  if (sessions.kind === 'unknown') {
    return sessions.silent === true ? { silent: sessions.why } : undefined;
  }
  return [...sessions.sessions.values()].filter((each) => !each.greeter).map(({ login }) => login);
}

/** The services of a desktop, opened anew for each user who comes to sit at the machine. */
class Desktop implements Closeable {
  private sitting: Sitting = {};
  /** Why nothing is known of a desktop, but for what it said since. */
  private why = whyNobody();
  private opened: CloseStack | undefined;
  private idle: IdleMonitor | undefined;
  private screenCast: ScreenCast | undefined;
  private fullscreen: Fullscreen | undefined;
  /** Sources outlive users: what the one before said is laid over, never added to. */
  private readonly services: readonly Tell[];
  private readonly inhibitions: readonly Tell[];
  private readonly players: Tell;
  private readonly cast: Tell;
  private readonly filled: Tell;

  constructor(private readonly deps: BusesDeps) {
    this.services = desktopServices.map(() => deps.source());
    this.inhibitions = inhibitions.map(() => deps.source());
    this.players = deps.source();
    this.cast = deps.source();
    this.filled = deps.source();
    this.tellNone(this.why);
  }

  /** @param whyNone where nobody is known to sit there. */
  follow({ uid, display }: Sitting, whyNone: string): void {
    const { addresses, awayAfter, seat } = this.deps;
    const isNobody = uid === undefined || addresses.desktopOf === undefined;
    const why = isNobody ? whyNone : 'the desktop has not been asked yet';
    const isSame = uid === this.sitting.uid && display === this.sitting.display;
    if (isSame && why === this.why) return;
    [this.sitting, this.why] = [{ uid, display }, why];
    if (!isSame) this.leave();
    this.tellNone(why);
    if (isNobody) return;
    const opened = new CloseStack(this.deps.log);
    this.opened = opened;
    const place = addresses.desktopOf(uid);
    const bus = opened.add(
      'bus',
      new Bus({
        ...this.deps,
        name: 'session bus',
        orElse: 'a desktop opens it as its user logs in',
        ...place,
      }),
    );
    const on = { ...this.deps, bus };
    const saversOn = new Set<string>();
    for (const saver of screenSavers) {
      const changed = (isOn: boolean): void => {
        if (isOn) saversOn.add(saver.service);
        else saversOn.delete(saver.service);
        if (this.opened === opened) seat.knowSaver(saversOn.size > 0);
      };
      opened.add(saver.service, watchScreenSaver({ ...on, saver, changed }));
    }
    const idle = new IdleMonitor({
      ...on,
      // How long it has to last is judged by whoever knows whether the screen is locked.
      stillAfterMs: stillAfterMs(awayAfter),
      changed: (input) => {
        if (this.opened === opened) seat.knowInput(input);
      },
    });
    this.idle = opened.add('idle monitor', idle);
    if (display === undefined) {
      this.tellFilled(NO_FULLSCREEN);
    } else {
      this.fullscreen = opened.add('X server', this.watchX(uid, display, place.as));
    }
    opened.add('players', new MediaPlayers({ ...on, tell: this.players }));
    this.screenCast = opened.add('screen cast', new ScreenCast({ ...on, tell: this.cast }));
    inhibitions.forEach((asked, index) => {
      const tell = this.inhibitions[index];
      if (tell !== undefined) opened.add(asked.service, watchInhibitions(asked, { ...on, tell }));
    });
    desktopServices.forEach((watched, index) => {
      const tell = this.services[index];
      if (tell !== undefined)
        opened.add(watched.service, new PropertyWatch(watched, { ...on, tell }));
    });
  }

  check(): void {
    this.idle?.check();
  }

  look(): void {
    this.screenCast?.look();
    this.fullscreen?.look();
  }

  async close(): Promise<void> {
    const { opened } = this;
    this.opened = undefined;
    this.idle = undefined;
    this.screenCast = undefined;
    this.fullscreen = undefined;
    await opened?.close();
  }

  private watchX(uid: number, display: number | 'unsaid', as: number | undefined): Fullscreen {
    const place = (): DisplayPlace | undefined => {
      const number = display === 'unsaid' ? ownDisplay(uid) : display;
      if (number === undefined) return undefined;
      return { path: `${X_SOCKETS}/X${String(number)}`, name: `:${String(number)}`, as };
    };
    return new Fullscreen({ ...this.deps, place, tell: this.filled });
  }

  private leave(): void {
    if (this.opened === undefined) return;
    void this.close();
    this.deps.seat.knowSaver(false);
    this.deps.seat.knowInput(undefined);
  }

  private tellNone(why: string): void {
    const value = unknownValue(why);
    const source = 'desktop';
    desktopServices.forEach(({ signals }, index) => {
      this.services[index]?.(signals.map((name) => measurement(name, source, value)));
    });
    const inhibitor = measurement('attention.inhibitor', source, value);
    for (const tell of this.inhibitions) tell([inhibitor]);
    this.players([measurement('attention.playing', source, value)]);
    this.cast([measurement('attention.sharing', source, value)]);
    this.tellFilled(why);
  }

  private tellFilled(why: string): void {
    const value = unknownValue(why);
    this.filled([measurement('attention.fullscreen', 'desktop', value)]);
  }
}
