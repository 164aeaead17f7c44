// What people said, in the auditor's own words: which orders stood at an instant, and which were durable
// by then.

import type { Fact } from '../../orchestrator/journal/fact.js';

interface Order {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A demand that was not met in this time is forgotten. */
const WANTED_MS = 3_600_000;

export class Orders {
  private readonly standing = new Map<string, Order>();
  private readonly enabled = new Set<string>();
  private readonly wanted = new Map<string, number>();

  /** @param nowMs when it became durable: only from then on it binds. */
  read(fact: Fact, atMs: number, nowMs: number): void {
    const place = (name: string, untilMs: number): void => {
      this.standing.set(name, { sinceMs: nowMs, untilMs });
    };
    if (fact.kind === 'hold.placed') place(`hold ${keyOf(fact)}`, fact.untilMs);
    else if (fact.kind === 'veto.placed') place(`veto ${fact.vetoId}`, fact.untilMs);
    else if (fact.kind === 'switch.tripped') place('switch', fact.untilMs);
    else if (fact.kind === 'hold.lifted') this.standing.delete(`hold ${keyOf(fact)}`);
    else if (fact.kind === 'veto.lifted') this.standing.delete(`veto ${fact.vetoId}`);
    else if (fact.kind === 'switch.released') this.standing.delete('switch');
    else if (fact.kind === 'run.demanded') this.wanted.set(keyOf(fact), atMs);
    else if (fact.kind === 'updater.enabled') this.enabled.add(fact.id);
    if (fact.kind === 'updater.withdrawn') this.forget(fact.id);
    if (fact.kind === 'updater.withdrawn' || fact.kind === 'updater.suspended') {
      this.enabled.delete(fact.id);
      place(`not enabled ${fact.id}`, Number.POSITIVE_INFINITY);
    }
  }

  /** An updater went away, and with it what was said of it. */
  private forget(updaterId: string): void {
    for (const said of [this.standing, this.wanted]) {
      for (const name of said.keys()) {
        const subject = name.replace(/^hold /, '');
        if (subject === updaterId || subject.startsWith(`${updaterId} `)) said.delete(name);
      }
    }
  }

  /**
   * What stands against a subject, and did when it was decided.
   * @param putsBack what does not work is put back whatever anybody says, but for the switch.
   */
  against(updaterId: string, subject: string, atMs: number, putsBack: boolean): string | undefined {
    const others = [
      `hold ${updaterId}`,
      `hold ${subject}`,
      ...[...this.standing.keys()].filter((name) => name.startsWith('veto ')),
      ...(this.enabled.has(updaterId) ? [] : [`not enabled ${updaterId}`]),
    ];
    const names = ['switch', ...(putsBack ? [] : others)];
    return names.find((name) => {
      const order = this.standing.get(name);
      return order !== undefined && order.sinceMs < atMs && atMs < order.untilMs;
    });
  }

  isWanted(subject: string, atMs: number): boolean {
    const sinceMs = this.wanted.get(subject);
    return sinceMs !== undefined && atMs - sinceMs < WANTED_MS;
  }

  /** What was wanted is done, or came to an end that a person has to look at. */
  met(subject: string): void {
    this.wanted.delete(subject);
  }
}

function keyOf({ updaterId, updateId }: { readonly updaterId: string; readonly updateId: string }) {
  return updateId === '' ? updaterId : `${updaterId} ${updateId}`;
}
