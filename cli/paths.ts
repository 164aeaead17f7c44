// Where Lull keeps its things when nobody says otherwise.

import { join, resolve } from 'node:path';

export interface Places {
  /** Survives restarts. */
  readonly stateDir: string;
  /** Sockets and sandboxes; short, because socket paths are. */
  readonly runDir: string;
}

export function placesFrom(
  given: { readonly state?: string; readonly run?: string },
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): Places {
  const home = env['HOME'] ?? '/';
  const state =
    uid === 0 ? '/var/lib/lull' : join(env['XDG_STATE_HOME'] ?? join(home, '.local/state'), 'lull');
  const run =
    uid === 0 ? '/run/lull' : join(env['XDG_RUNTIME_DIR'] ?? '/tmp', `lull-${String(uid)}`);
  return {
    stateDir: resolve(given.state ?? env['LULL_STATE'] ?? state),
    runDir: resolve(given.run ?? env['LULL_RUN'] ?? run),
  };
}

const SYSTEM_BUS = 'unix:path=/run/dbus/system_bus_socket';

/**
 * Where the machine's message buses are: the system's, and that of a user who sits at it. A desktop's bus
 * takes in its owner alone, so that root has to connect as that user.
 */
export function busesFrom(
  env: Readonly<Record<string, string | undefined>>,
  uid: number,
): {
  readonly system: string;
  readonly desktopOf: (uid: number) => {
    readonly address: string;
    readonly as: number | undefined;
  };
} {
  const own = env['DBUS_SESSION_BUS_ADDRESS'];
  return {
    system: env['DBUS_SYSTEM_BUS_ADDRESS'] ?? SYSTEM_BUS,
    desktopOf: (sitting) => {
      const address = `unix:path=/run/user/${String(sitting)}/bus`;
      if (sitting === uid) return { address: own ?? address, as: undefined };
      return { address, as: uid === 0 ? sitting : undefined };
    },
  };
}
