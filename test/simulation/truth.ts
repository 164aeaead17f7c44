// What really happened in a life, written down by those who did it: the auditor holds the journal
// against it.

/** The machine as the orchestrator saw it from an instant on, by the clock of that instant. */
export interface Sight {
  readonly atMs: number;
  /** Undefined also where nobody knew whether a person was there. */
  readonly awaySinceMs: number | undefined;
  /** Whoever left has locked the screen. */
  readonly locked: boolean;
  /** Or has left it to go dark. */
  readonly dark: boolean;
  readonly mains: boolean;
  /** Others than Lull keep the processors busy. */
  readonly othersBusy: boolean;
  /** Somebody is logged in from elsewhere. */
  readonly remote: boolean;
}

/** What a scan of a host found: ids of updates; or a lie, that must not be believed. */
export type Finding =
  { readonly kind: 'found'; readonly ids: readonly string[] } | { readonly kind: 'lie' };

export class Truth {
  /** Whether what the orchestrator is told can tell it of each restart of the machine. */
  restartsAreTold = true;
  readonly sights: Sight[] = [];
  /** The epoch of the run that each event of each instance was about. */
  private readonly epochs = new Map<string, number>();
  private readonly findings = new Map<string, Finding>();
  private readonly boots = new Map<string, number>();
  private readonly broken = new Set<string>();

  told(instanceId: string, sequence: number, epoch: number): void {
    this.epochs.set(`${instanceId}/${String(sequence)}`, epoch);
  }

  epochTold(instanceId: string, sequence: number): number | undefined {
    return this.epochs.get(`${instanceId}/${String(sequence)}`);
  }

  /** An instance of the host lives in a start of the machine, counted from the first. */
  lives(instanceId: string, boot: number): void {
    this.boots.set(instanceId, boot);
  }

  bootOf(instanceId: string): number | undefined {
    return this.boots.get(instanceId);
  }

  /** An attempt did not do what it was for. */
  didNotWork(runId: string, epoch: number): void {
    this.broken.add(`${runId}/${String(epoch)}`);
  }

  hasNotWorked(runId: string, epoch: number): boolean {
    return this.broken.has(`${runId}/${String(epoch)}`);
  }

  scanned(runId: string, epoch: number, finding: Finding): void {
    this.findings.set(`${runId}/${String(epoch)}`, finding);
  }

  findingOf(runId: string, epoch: number): Finding | undefined {
    return this.findings.get(`${runId}/${String(epoch)}`);
  }

  /** What the orchestrator can have seen at an instant: what was, and what became in it. */
  sightsAt(atMs: number): Sight[] {
    const before = this.sights.findLastIndex((sight) => sight.atMs < atMs);
    return this.sights.slice(Math.max(0, before)).filter((sight) => sight.atMs <= atMs);
  }
}
