// One connection to an orchestrator: what it was told over it.
//
//   hello said ─▶ welcomed: what waits is told, in order ─▶ ended; the next one begins with a hello
//
// Invariants:
//   C1. No more is handed to it than it takes (L3).
//   C2. Nothing counts as told before it is welcomed, but what its hello says.

import type { Confinement } from '../../conditions/confinement.js';
import type { AttachRequest } from '../../proto/gen/lull/link/v1/link.js';
import type { LinkStream } from './carrier.wire.js';
import { reportToWire } from './event.wire.js';
import { confinementToWire } from './hello.wire.js';
import type { Waiting } from './waiting.loop.js';

export class Connection {
  private isWelcome = false;
  private hasEnded = false;
  /** The last event that it was handed, and whether it takes another one. */
  private sentSequence = 0;
  private draining = false;
  /** The last that its carrier keeps. */
  private keptSequence = 0;

  constructor(
    private readonly stream: LinkStream,
    private readonly waiting: Waiting,
    /** As its hello says it. */
    private toldConfinement: Confinement | undefined,
  ) {}

  /** Whether what is said now is heard. */
  get present(): boolean {
    return this.isWelcome && !this.hasEnded;
  }

  /** @param confinement as it is known now. */
  welcome(confinement: Confinement | undefined): void {
    this.isWelcome = true;
    [this.sentSequence, this.keptSequence, this.draining] = [0, 0, false];
    this.tellConfinement(confinement);
    this.tellWaiting(); // L1
  }

  tellConfinement(confinement: Confinement | undefined): void {
    if (!this.present) return; // C2
    if (confinement === undefined || confinement === this.toldConfinement) return;
    this.toldConfinement = confinement;
    this.write({ $case: 'confinement', value: confinementToWire(confinement) });
  }

  /** Everything that waits and that it was not handed yet (C1). */
  tellWaiting(): void {
    const { all } = this.waiting;
    const first = all.findLastIndex(({ sequence }) => sequence <= this.sentSequence) + 1;
    for (let at = first; at < all.length && this.present && !this.draining; at += 1) {
      const each = all[at];
      if (each === undefined) return;
      this.sentSequence = each.sequence;
      const value = reportToWire(each.sequence, each.event);
      if (this.write({ $case: 'event', value })) continue;
      this.draining = true;
      this.stream.once('drain', () => {
        this.draining = false;
        this.tellWaiting();
      });
    }
  }

  restartFailed(message: string): void {
    if (this.present) this.write({ $case: 'restartFailed', value: { message } });
  }

  /** Its carrier keeps everything up to here. */
  stored(sequence: number): void {
    if (this.present) this.keptSequence = sequence;
  }

  /** Whether all that waits is kept by its carrier. */
  get keepsAll(): boolean {
    return this.waiting.lastSequence <= this.keptSequence;
  }

  /** No more is said over it; what is on its way is heard. */
  hangUp(): void {
    this.stream.end();
  }

  /** @returns false where it had ended before. */
  end(): boolean {
    const was = this.hasEnded;
    this.hasEnded = true;
    return !was;
  }

  private write(kind: NonNullable<AttachRequest['kind']>): boolean {
    return this.stream.write({ kind });
  }
}
