// One scene: fresh directories, a mock host on them, and the updater in it, launched as often as it takes.
//
// Invariants:
//   S1. A launch serves until something changed a root, as with the plugin-host: what is committed shows in
//       the next.

import { setTimeout as pause } from 'node:timers/promises';
import type {
  Action,
  PerformRequest,
  ScanResponse,
  Update,
} from '../../proto/gen/lull/updater/v1/updater.js';
import { actionFromWire, actionToWire } from '../../proto/wire/action.js';
import { status } from '@grpc/grpc-js';
import type { ActionName } from '../action.js';
import { drain, performedOf, wordsOf, type Drained, type Performed } from './answer.js';
import { hold, Inapplicable } from './clause.js';
import { within } from './patience.js';
import { isChanging, SceneHost, type Memory } from './scene-host.js';
import type { Launch, Place, Subject } from './subject.js';
import { treeDigest } from './tree-digest.fs.js';

export interface Run {
  readonly runId: string;
  readonly update: Update;
  readonly action: ActionName;
  readonly attempt?: number;
}

const SCAN_MS_MAX = 120_000;
const CRASH_NEWS_MS_MAX = 250;
/** As long as an updater has to end, when it is told to. */
const PENDING_MS_MAX = 5_000;
const PENDING_RETRY_MS = 100;

export class Scene {
  readonly host: SceneHost;
  private live: { readonly launch: Launch; readonly changes: boolean } | undefined;
  /** One after the other: whoever asks at the same time gets the same. */
  private launching: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | undefined;
  private isStale = false;

  private constructor(
    readonly subject: Subject,
    readonly place: Place,
    memory: Memory,
  ) {
    this.host = new SceneHost(subject, place, memory, () => {
      this.isStale = true; // S1
    });
  }

  static async open(subject: Subject, memory: Memory): Promise<Scene> {
    return new Scene(subject, await subject.prepare(), memory);
  }

  /** The launch that serves now, or a new one. */
  launch(changes = false): Promise<Launch> {
    const mine = this.launching.then(() => this.launchNow(changes));
    this.launching = mine.catch(() => undefined);
    return mine;
  }

  private async launchNow(changes: boolean): Promise<Launch> {
    if (this.closing !== undefined) throw new Inapplicable('its scene was closed');
    const isOther = this.subject.claims?.writesRoots === true && this.live?.changes !== changes;
    if (this.isStale || isOther || this.live?.launch.exit() !== undefined) await this.end();
    const { subject, place, host } = this;
    this.live ??= { launch: await subject.launch(place, host.doors(), changes), changes };
    this.isStale = false;
    return this.live.launch;
  }

  launchFor(action: ActionName | undefined): Promise<Launch> {
    return this.launch(isChanging(action));
  }

  async scan({ runId = 'scan', dryRun = false, msMax = SCAN_MS_MAX } = {}): Promise<
    Drained<ScanResponse>
  > {
    const launch = await this.launch();
    const settings = this.settings();
    this.host.begin(undefined);
    const drained = await drain(launch.client.scan({ runId, dryRun, settings }), msMax);
    await crashNews(launch, drained);
    return drained;
  }

  /**
   * The ids and all else that a scan finds. One that lets go of what was cut may say RUN_PENDING for a while,
   * and is asked again, as a host does. @throws Violation where it fails.
   */
  async found(): Promise<Update[]> {
    const sinceMs = performance.now();
    for (;;) {
      const { messages, failure } = await this.scan();
      const isPending = failure?.kind === 'status' && failure.reason === 'RUN_PENDING';
      if (isPending && performance.now() - sinceMs < PENDING_MS_MAX) {
        await pause(PENDING_RETRY_MS);
        continue;
      }
      hold(failure === undefined, `the scan came to ${failure ? wordsOf(failure) : ''}`);
      return messages.flatMap(({ update }) => (update === undefined ? [] : [update]));
    }
  }

  async perform(
    { runId, update, action, attempt = 1 }: Run,
    msMax: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Performed> {
    const wire = actionToWire(action);
    const request = { runId, attempt, action: wire, update: { ...update, nextAction: wire } };
    return this.performRaw(request, msMax, options);
  }

  /** The same with whatever a host must not ask for. */
  async performRaw(
    asked: Pick<PerformRequest, 'runId' | 'update'> & {
      action: Action | ActionName;
      attempt?: number;
    },
    msMax: number,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Performed> {
    const action = typeof asked.action === 'string' ? asked.action : actionFromWire(asked.action);
    const wire = typeof asked.action === 'string' ? actionToWire(asked.action) : asked.action;
    const launch = await this.launchFor(action);
    const { client, token } = launch;
    this.host.begin(action);
    const beganAtMs = performance.now();
    const request = {
      ...{ attempt: 1, ...asked, action: wire, settings: this.settings() },
      checkpoint: this.host.checkpoint(asked.runId),
    };
    const stream = client.perform(request);
    options.signal?.addEventListener('abort', () => {
      stream.cancel();
    });
    const drained = await drain(stream, msMax);
    await crashNews(launch, drained);
    this.host.heard(JSON.stringify(drained.messages, plain), 'what Perform answered', token);
    return performedOf(drained, beganAtMs);
  }

  settings(): { name: string; value: string }[] {
    return [...this.subject.settings].map(([name, value]) => ({ name, value }));
  }

  /** Of all roots, as they are on the host. */
  digest(): Promise<string> {
    return treeDigest(this.place.rootsDir);
  }

  /** As the host puts back by itself what does not work. */
  async putBack(): Promise<void> {
    await this.host.putBack();
    this.isStale = true;
  }

  /** The next call is served by a new launch. */
  retire(): void {
    this.isStale = true;
  }

  /** Ends the launch. */
  async end(): Promise<void> {
    const launch = this.live?.launch;
    this.live = undefined;
    if (launch === undefined) return;
    await launch.close();
    this.host.heard(launch.said(), 'its stderr or stdout', launch.token);
  }

  close(): Promise<void> {
    const launching = this.launching;
    this.closing ??= (async () => {
      await launching;
      await this.end();
      await this.subject.clear(this.place);
    })();
    return this.closing;
  }
}

/** A connection breaks a moment before the end of the process is known. */
async function crashNews({ exited }: Launch, { failure }: Drained<unknown>): Promise<void> {
  const isBroken = failure?.kind === 'status' && failure.code === status.UNAVAILABLE;
  if (isBroken) await within(exited, CRASH_NEWS_MS_MAX);
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
