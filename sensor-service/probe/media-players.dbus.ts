// Players of sound and video that follow MPRIS: each has a name of its own on the desktop's bus.

import type { Clock } from '../../runtime/clock.js';
import type { Closeable } from '../../runtime/shutdown.js';
import type { Value } from '../../conditions/reading.js';
import { flagValue, measurement, unknownValue } from '../reading/measurement.js';
import type { Bus, BusSignal } from './bus.dbus.js';
import { BUS } from './heeds.dbus.js';
import { Mirror } from './mirror.dbus.js';
import type { Tell, WatchDeps } from './property-watch.dbus.js';

const PREFIX = 'org.mpris.MediaPlayer2.';
const PATH = '/org/mpris/MediaPlayer2';
const PLAYER = 'org.mpris.MediaPlayer2.Player';
/** Each page of a browser may be one; more than this is somebody's mistake. */
const PLAYERS_MAX = 32;

export class MediaPlayers implements Closeable {
  private readonly players = new Map<string, Mirror>();
  private readonly stopListening: () => void;
  private listed = false;
  private closed = false;

  constructor(
    private readonly deps: WatchDeps & {
      readonly clock: Clock;
      readonly bus: Bus;
      readonly tell: Tell;
    },
  ) {
    this.stopListening = deps.bus.listen({
      opened: () => void this.begin(),
      signalled: (signal) => {
        this.take(signal);
      },
      lost: (why) => {
        this.listed = false;
        this.closePlayers();
        this.tell(unknownValue(why));
      },
    });
  }

  close(): void {
    this.closed = true;
    this.stopListening();
    this.closePlayers();
  }

  private async begin(): Promise<void> {
    try {
      await this.deps.bus.match(
        `type='signal',sender='${BUS}',member='NameOwnerChanged',arg0namespace='org.mpris.MediaPlayer2'`,
      );
      const names = await this.deps.bus.call({
        ...{ service: BUS, path: '/org/freedesktop/DBus', iface: BUS, member: 'ListNames' },
      });
      if (this.closed || !Array.isArray(names)) return;
      this.listed = true;
      for (const name of names) this.add(name);
      this.judge();
    } catch {
      if (!this.closed) this.tell(unknownValue('the session bus does not list its players'));
    }
  }

  private take({ sender, member, args }: BusSignal): void {
    if (sender !== BUS || member !== 'NameOwnerChanged') return;
    const [name, , owner] = args;
    if (typeof name !== 'string' || !name.startsWith(PREFIX)) return;
    if (owner !== '') this.add(name);
    else {
      this.players.get(name)?.close();
      this.players.delete(name);
      this.judge();
    }
  }

  private add(name: unknown): void {
    // A name goes into a match rule in quotes, so only what a name may hold is let in.
    if (typeof name !== 'string' || !/^org\.mpris\.MediaPlayer2\.[\w.-]{1,200}$/.test(name)) return;
    if (this.players.has(name) || this.players.size >= PLAYERS_MAX) return;
    const mirror: Mirror = new Mirror({
      ...this.deps,
      ...{ service: name, ifAbsent: 'it has ended', heeds: { properties: [PLAYER] } },
      appeared: () => {
        this.players.get(name)?.follow(PATH, PLAYER);
      },
      changed: () => {
        this.judge();
      },
    });
    this.players.set(name, mirror);
  }

  /** A player that does not answer, or has not yet, may well play. */
  private judge(): void {
    if (!this.listed) return;
    let unknown: string | undefined;
    for (const [name, mirror] of this.players) {
      const status = mirror.properties(PATH, PLAYER)?.['PlaybackStatus'];
      if (status === 'Playing') {
        this.tell(flagValue(true));
        return;
      }
      const { state } = mirror;
      if (state.kind === 'absent' || typeof status === 'string') continue;
      unknown = state.kind === 'present' ? `${name} does not say whether it plays` : state.why;
    }
    this.tell(unknown === undefined ? flagValue(false) : unknownValue(unknown));
  }

  private tell(value: Value): void {
    this.deps.tell([measurement('attention.playing', 'MPRIS', value)]);
  }

  private closePlayers(): void {
    for (const mirror of this.players.values()) mirror.close();
    this.players.clear();
  }
}
