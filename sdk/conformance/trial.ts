// What a clause is handed: the updater, how to open a scene for it, and what was found out about it once.

import { Metadata } from '@grpc/grpc-js';
import type { DescribeResponse, Update } from '../../proto/gen/lull/updater/v1/updater.js';
import { statusOf, wordsOf } from './answer.js';
import { readCourse, type Course } from './course.js';
import { Inapplicable, Violation, type Need } from './clause.js';
import { Scene } from './scene.js';
import type { Memory, Said } from './scene-host.js';
import type { Subject } from './subject.js';

/** How the host itself judges what an updater says: the suite is no more lenient than Lull. */
export interface Judges {
  /** What is wrong with a scan that found this; undefined: nothing. */
  scan(found: readonly Update[]): string | undefined;
  /** Whether it is a word that a failure may have as its reason. */
  isReason(word: string): boolean;
}

export interface TrialOptions {
  /** Freezes that last a minute are tried as well. */
  readonly long: boolean;
  /** How long the short ones last, and half of what a slow call takes; a second unless said otherwise. */
  readonly holdMs?: number;
}

export class Trial {
  /** Of all scenes so far. */
  private readonly memory: Memory = { said: [], content: new Map() };
  private readonly open_: Scene[] = [];
  private coursing: Promise<Course> | undefined;
  private isStopped = false;
  private describing: Promise<DescribeResponse> | undefined;

  constructor(
    readonly subject: Subject,
    readonly judges: Judges,
    readonly options: TrialOptions,
  ) {}

  get said(): readonly Said[] {
    return this.memory.said;
  }

  /** A fresh one; closed with all others when the clause has been tried. */
  async open(): Promise<Scene> {
    if (this.isStopped) throw new Inapplicable('it was stopped');
    const scene = await Scene.open(this.subject, this.memory);
    this.open_.push(scene);
    return scene;
  }

  /** Whatever is under way fails soon, and nothing begins. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.closeScenes();
  }

  async closeScenes(): Promise<void> {
    for (const scene of this.open_.splice(0)) await scene.close();
  }

  /** The whole way of one update, walked once. */
  course(): Promise<Course> {
    this.coursing ??= this.inScene(readCourse);
    return this.coursing;
  }

  described(): Promise<DescribeResponse> {
    this.describing ??= this.inScene(describeOnce);
    return this.describing;
  }

  /** Why a need is not met here; undefined: it is. */
  async missing(need: Need): Promise<string | undefined> {
    const { claims, powers, name } = this.subject;
    switch (need.kind) {
      case 'manifest':
        return claims === undefined ? `no manifest was given beside ${name}` : undefined;
      case 'power':
        return powers.has(need.power) ? undefined : lacking[need.power];
      case 'action':
        if (claims === undefined) return `no manifest was given beside ${name}`;
        return claims.actions.includes(need.action)
          ? undefined
          : `the manifest does not declare ${need.action}`;
      case 'capability': {
        const { capabilities } = await this.described();
        return capabilities.some(({ kind }) => kind?.$case === need.capability)
          ? undefined
          : `the capability ${need.capability} is not claimed`;
      }
      case 'update': {
        const course = await this.course();
        return course.kind === 'found' ? undefined : NOTHING;
      }
    }
  }

  private async inScene<T>(act: (scene: Scene) => Promise<T>): Promise<T> {
    const scene = await this.open();
    try {
      return await act(scene);
    } finally {
      await scene.close();
    }
  }
}

export const NOTHING = 'the scan found nothing to update';

const lacking = {
  launch: 'whoever started it would have to start it anew',
  kill: 'it was not started here, so that it is not killed here',
  terminate: 'it was not started here, so that it is not ended here',
  freeze: 'it was not started here, so that it is not frozen here',
  disk: 'its work directory is no disk of its own here',
} as const;

const DESCRIBE_MS_MAX = 5_000;

export async function describeOnce(scene: Scene): Promise<DescribeResponse> {
  const { client } = await scene.launch();
  const options = { deadline: Date.now() + DESCRIBE_MS_MAX };
  return new Promise((resolve, reject) => {
    client.describe({}, new Metadata(), options, (error, answer) => {
      if (error === null) resolve(answer);
      else reject(new Violation(`Describe came to ${wordsOf(statusOf(error))}`));
    });
  });
}
