// Where Lull keeps its things when nobody says otherwise.

import { join, resolve } from 'node:path';
import type { OrchestratorAt } from './clients.grpc.js';
import { CommandError } from './failure.js';

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

type Env = Readonly<Record<string, string | undefined>>;

export function tlsDirFrom(given: { readonly tlsDir?: string }, env: Env): string | undefined {
  const dir = given.tlsDir ?? env['LULL_TLS_DIR'];
  return dir === undefined || dir === '' ? undefined : resolve(dir);
}

/** Another machine's, where one is named, or the one of this machine. */
export function orchestratorFrom(
  given: { readonly orchestrator?: string; readonly tlsDir?: string },
  env: Env,
  runDir: string,
): OrchestratorAt {
  const address = given.orchestrator ?? env['LULL_ORCHESTRATOR'];
  if (address === undefined || address === '') return { runDir };
  return addressed('--orchestrator', address, tlsDirFrom(given, env));
}

/** Where `lull up` is called over TCP. */
export function listenFrom(
  address: string | undefined,
  tlsDir: string | undefined,
): { address: string; tlsDir: string } | undefined {
  return address === undefined ? undefined : addressed('--listen', address, tlsDir);
}

/** "host:port", and "[address]:port" for IPv6. */
export function hostAndPort(option: string, text: string): { host: string; port: number } {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:\s[\]]+):(\d{1,5})$/i.exec(text) ?? [];
  if (host === undefined || Number(port) > 65_535) {
    throw new CommandError(`${option} wants HOST:PORT, not "${text}"`, 2);
  }
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) };
}

function addressed(option: string, address: string, tlsDir: string | undefined) {
  hostAndPort(option, address);
  if (tlsDir === undefined) {
    const why = 'nobody calls over TCP without a certificate, see "lull keys"';
    throw new CommandError(`${option} wants --tls-dir as well: ${why}`, 2);
  }
  return { address, tlsDir };
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
