// What the suite tries: an updater that can be launched, held and ended, by whoever knows how.

import type { UpdaterServiceClient } from '../../proto/gen/lull/updater/v1/updater.js';
import type { ActionName } from '../action.js';
import type { FakeHost } from '../testing/fake-host.js';

/** What can be done to it beyond calling it. */
export type Power =
  /** Launched anew whenever a clause wants it. */
  | 'launch'
  | 'kill'
  | 'terminate'
  | 'freeze'
  /** Its work directory ends at a size, and can be filled up. */
  | 'disk';

/** What the manifest says. */
export interface Claims {
  readonly id: string;
  readonly version: string;
  readonly actions: readonly ActionName[];
  /** By name. */
  readonly installRoots: readonly string[];
  /** Whether it has roots that it writes itself. */
  readonly writesRoots: boolean;
  /** How long one action may take. */
  readonly runMs: number;
  /** "host:port" that its proxy lets through. */
  readonly egress: readonly string[];
}

/** Directories of one scene, as the host sees them. */
export interface Place {
  readonly dir: string;
  readonly workDir: string;
  readonly rootsDir: string;
  /** Shared by all scenes: content is fetched once. */
  readonly artifactsDir: string;
}

/** The host's two sockets, to be opened where the launch will look for them. */
export interface Doors {
  host(at: {
    readonly socketPath: string;
    readonly token: string;
    readonly artifactsSeenAt?: string;
  }): Promise<FakeHost>;
  egress(socketPath: string): Promise<Closing>;
}

export interface Closing {
  close(): Promise<void>;
}

export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A program that serves. */
export interface Launch extends Closing {
  readonly client: UpdaterServiceClient;
  /** From the start of the process to SERVING. */
  readonly readyMs: number;
  readonly token: string;
  /** How it ended; undefined while it runs. */
  readonly exit: () => Exit | undefined;
  readonly exited: Promise<Exit>;
  /** The last of what it wrote to stdout and stderr. */
  said(): string;
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** @returns false where it does not handle SIGTERM. */
  terminate(): boolean;
}

export interface Subject extends Closing {
  /** For the report. */
  readonly name: string;
  /** Undefined where nobody gave a manifest. */
  readonly claims: Claims | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly powers: ReadonlySet<Power>;
  /** An empty work directory, and roots as they are before anything was updated. */
  prepare(): Promise<Place>;
  /** Removes it. */
  clear(place: Place): Promise<void>;
  /**
   * @param changes whether the manifest's `roots` are writable.
   * @throws Error that says why it did not come to serve.
   */
  launch(place: Place, doors: Doors, changes: boolean): Promise<Launch>;
  /** Why the host refuses a call beyond what `sdk/testing` refuses; thrown as it is to be answered. */
  readonly refuse?: (call: HostedCall, place: Place) => void | Promise<void>;
  /** Fills the work directory up. @returns what makes room again. */
  fill?(place: Place): Promise<() => Promise<void>>;
}

export interface HostedCall {
  readonly what: string;
  readonly request: unknown;
}
