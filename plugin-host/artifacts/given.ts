// What the runs that are not over have of the store: held for them, told of, and given again without
// another look at it.
//
// Invariants:
//   V1. What a run was given it keeps until it is over: nobody lets go of it meanwhile.
//   V2. Content is hashed for a run once, however often it is ordered: it is the run's own to read by
//       then, and hashing is the host's time, which no limit of the updater covers (T23).
//   V3. What a run was told of is remembered up to a bound: whoever asks by ever new URLs is told of again, and
//       fills no memory (T23).

import type { HostedRun } from '../channel/hosted-run.js';
import { firstMismatch, type Digests } from './digests.js';
import { isStrong, type ExpectedDigest, type StoredContent } from './order.js';
import type { Uses } from './uses.js';

/** Of one run: each is a URL and a digest. */
const SAID_MAX = 1_000;

type Run = Pick<HostedRun, 'runId' | 'over'>;

interface Verified {
  readonly content: StoredContent;
  readonly digests: Digests;
}

interface OfRun {
  readonly said: Set<string>;
  readonly held: Set<string>;
  /** By "algorithm-hex". */
  readonly verified: Map<string, Verified>;
}

export class Given {
  private readonly byRun = new Map<string, OfRun>();

  constructor(private readonly uses: Uses) {}

  /** What this run was given under these digests, all of which it is known to have (V2). */
  again(run: Run, expected: readonly ExpectedDigest[]): StoredContent | undefined {
    const verified = this.byRun.get(run.runId)?.verified;
    const names = expected.filter(isStrong).map(nameOf);
    const found = names.map((name) => verified?.get(name)).find((each) => each !== undefined);
    if (found === undefined) return undefined;
    return firstMismatch(expected, found.digests) === undefined ? found.content : undefined;
  }

  /** V1. */
  async keep(run: Run, sha256: string): Promise<void> {
    const { held } = this.of(run);
    if (held.has(sha256)) return;
    held.add(sha256);
    const release = await this.uses.hold([sha256]);
    if (run.over.aborted) release();
    else run.over.addEventListener('abort', release, { once: true });
  }

  verified(run: Run, content: StoredContent, digests: Digests): void {
    const { verified } = this.of(run);
    for (const [algorithm, hex] of digests) {
      const name = nameOf({ algorithm, hex });
      const known = verified.get(name)?.digests ?? [];
      verified.set(name, { content, digests: new Map([...known, ...digests]) });
    }
  }

  /** Whether this is the first time that `what` is said of a run: again is no news, and fills no journal. */
  isNews(run: Run, what: string): boolean {
    const { said } = this.of(run);
    if (said.has(what)) return false;
    said.add(what);
    const [first] = said;
    if (said.size > SAID_MAX && first !== undefined) said.delete(first); // V3
    return true;
  }

  private of(run: Run): OfRun {
    const before = this.byRun.get(run.runId);
    if (before !== undefined) return before;
    const fresh: OfRun = { said: new Set(), held: new Set(), verified: new Map() };
    if (run.over.aborted) return fresh;
    this.byRun.set(run.runId, fresh);
    const forget = (): void => {
      // Its next attempt has the same name, and may have begun.
      if (this.byRun.get(run.runId) === fresh) this.byRun.delete(run.runId);
    };
    run.over.addEventListener('abort', forget, { once: true });
    return fresh;
  }
}

function nameOf({ algorithm, hex }: ExpectedDigest): string {
  return `${algorithm}-${hex}`;
}
