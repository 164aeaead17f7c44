// The mock host of a scene: what it is asked, what a clause does to that, and what the updater says.

import { status } from '@grpc/grpc-js';
import type { ActionName } from '../action.js';
import { startTestProxy, type EgressFault } from '../testing/connect.proxy.js';
import {
  keptIn,
  startFakeHost,
  type FakeHost,
  type KeptByHost,
  type StoredContent,
} from '../testing/fake-host.js';
import { hostError } from '../testing/host-error.js';
import type { Closing, Doors, Place, Subject } from './subject.js';

/** A call of the host's, and how many came before it in this action, beside log lines. */
export interface SceneCall {
  readonly what: string;
  readonly nth: number;
}

/** Awaited before the call is served; what it returns, before its caller hears so. */
export type AtCall = (call: SceneCall) => Promise<(() => Promise<void>) | undefined>;

/** What was said, and where. */
export interface Said {
  readonly where: string;
  readonly text: string;
  readonly token: string;
}

/** Of all scenes. */
export interface Memory {
  readonly said: Said[];
  readonly content: Map<string, StoredContent>;
}

const CHANGING: readonly ActionName[] = ['install', 'rollback', 'uninstall'];

export function isChanging(action: ActionName | undefined): boolean {
  return action !== undefined && CHANGING.includes(action);
}

export class SceneHost {
  /** What a clause does to the host's calls. */
  atCall: AtCall = () => Promise.resolve(undefined);
  /** What is wrong with the way out. */
  egressFault: EgressFault | undefined;
  /** Names of the calls of the action under way, in order. */
  calls: string[] = [];
  /** Calls that the host refused by its own rules. */
  readonly refusals: string[] = [];
  /** "host:port" that the proxy was asked for. */
  readonly targets: string[] = [];
  private readonly hosts: FakeHost[] = [];
  private readonly kept: KeptByHost;
  private admitted = 0;
  private action: ActionName | undefined;

  constructor(
    private readonly subject: Subject,
    private readonly place: Place,
    private readonly memory: Memory,
    private readonly onChange: () => void,
  ) {
    this.kept = keptIn(place.dir, memory.content);
  }

  /** Calls whose token was not that of their launch. */
  get strangerCount(): number {
    return this.hosts.reduce((sum, { calls }) => sum + calls.length, 0) - this.admitted;
  }

  /** An action begins; undefined: a scan. */
  begin(action: ActionName | undefined): void {
    this.calls = [];
    this.action = action;
  }

  checkpoint(runId: string): Buffer {
    return this.kept.checkpoints.get(runId) ?? Buffer.alloc(0);
  }

  putBack(): Promise<void> {
    return this.kept.roots.putBack();
  }

  heard(text: string, where: string, token: string): void {
    if (text !== '') this.memory.said.push({ where, text, token });
  }

  doors(): Doors {
    const { dir, artifactsDir } = this.place;
    return {
      host: async (at) => {
        const onCall = (what: string, request: unknown) => this.onHostCall(what, request);
        const host = await startFakeHost({ dir, artifactsDir, ...at, kept: this.kept, onCall });
        this.hosts.push(host);
        const close = async (): Promise<void> => {
          this.heard(host.logLines.join('\n'), 'a line of its log', at.token);
          await host.close();
        };
        return { ...host, close };
      },
      egress: (socketPath): Promise<Closing> =>
        startTestProxy(socketPath, (authority) => {
          this.targets.push(authority);
          if (this.subject.claims?.egress.includes(authority) !== true) return false;
          return this.egressFault ?? true;
        }),
    };
  }

  /** Roots are changed in the actions that are for it, and by their names. */
  private async refuse(what: string, request: unknown): Promise<void> {
    const { action, subject, place } = this;
    if (what === 'commit' || what === 'revert') {
      const { root } = request as { readonly root: string };
      const isDeclared = subject.claims?.installRoots.includes(root) ?? true;
      if (!isChanging(action) || !isDeclared) {
        const when = `${what} of "${root}" in ${action ?? 'a scan'} is not granted`;
        throw hostError(status.PERMISSION_DENIED, 'GRANT_MISSING', when);
      }
    }
    await subject.refuse?.({ what, request }, place);
  }

  private async onHostCall(
    what: string,
    request: unknown,
  ): Promise<(() => Promise<void>) | undefined> {
    this.admitted += 1;
    await this.refuse(what, request).catch((error: unknown) => {
      this.refusals.push(`${what}: ${(error as Error).message}`);
      throw error;
    });
    if (what === 'log') return undefined;
    this.calls.push(what);
    const served = await this.atCall({ what, nth: this.calls.length - 1 });
    if (what === 'commit' || what === 'revert') this.onChange();
    return served;
  }
}
