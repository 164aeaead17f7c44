// J12: which updates asked for a restart of the machine, and in which of its starts, as it was in truth.

import type { Fact } from '../../orchestrator/journal/fact.js';
import { InvariantError } from './invariant-error.js';
import type { Truth } from './truth.js';

export class RestartsAsked {
  /** The start of the machine, counted from its first, that the attached host lives in. */
  private boot = 0;
  /** By subject. */
  private readonly askedIn = new Map<string, number>();
  private readonly subjects = new Map<string, string>();

  constructor(private readonly truth: Truth) {}

  read(fact: Fact): void {
    if (fact.kind === 'host.attached') {
      this.boot = this.truth.bootOf(fact.instanceId) ?? this.boot;
    } else if (fact.kind === 'scan.found') {
      for (const { id, nextAction } of fact.updates) {
        const subject = `${fact.updaterId} ${id}`;
        if (nextAction !== 'reboot') this.askedIn.delete(subject);
        else if (!this.askedIn.has(subject)) this.askedIn.set(subject, this.boot);
      }
    } else if (fact.kind === 'run.admitted' && fact.work.kind === 'perform') {
      const subject = `${fact.updaterId} ${fact.work.update.id}`;
      this.subjects.set(fact.runId, subject);
      const askedIn = this.askedIn.get(subject);
      if (fact.work.update.nextAction !== 'reboot' || askedIn === undefined) return;
      if (this.truth.restartsAreTold && askedIn >= this.boot)
        throw new InvariantError(`J12: ${fact.runId} goes on, and the machine has not restarted`);
    } else if (fact.kind === 'run.finished') {
      const subject = this.subjects.get(fact.runId);
      if (subject === undefined) return;
      if (fact.outcome.kind === 'succeeded' || fact.outcome.kind === 'gone') {
        this.askedIn.delete(subject);
      } else if (fact.outcome.kind === 'more_to_do') {
        if (fact.outcome.nextAction === 'reboot') this.askedIn.set(subject, this.boot);
        else this.askedIn.delete(subject);
      }
    } else if (fact.kind === 'updater.withdrawn') {
      for (const subject of this.askedIn.keys())
        if (subject.startsWith(`${fact.id} `)) this.askedIn.delete(subject);
    }
  }
}
