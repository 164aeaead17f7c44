// Commands and the runs they reach: repetitions, newer grants, and words from the past. The runs hang
// where they fetch their bundle, so that what is tested is who may end, pause and replace them.

import { getMaxListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { signEnvelope } from '../../bundle/envelope.js';
import type { Reading, Readings } from '../../conditions/reading.js';
import type { Reason } from '../../conditions/reason.js';
import { createLog } from '../../runtime/log.js';
import { VirtualClock } from '../../runtime/virtual-clock.testing.js';
import { noLimits } from '../egress/allowance.js';
import type { Guard, Guarded } from '../guard/guard.loop.js';
import type { HostParts } from './carry-out.loop.js';
import { createCheckpoints } from './checkpoints.fs.js';
import type { RunEvent } from './event.js';
import type { Grant } from './grant.js';
import { noDiskRates } from '../sandbox/limits.js';
import { hostRuns, type HostedRuns } from './hosted-runs.loop.js';
import { until } from '../../runtime/until.testing.js';

const log = createLog('test', 'silent');
interface Reported {
  readonly runId: string;
  readonly epoch: number;
  readonly event: RunEvent;
}

const onMains: Reading = {
  signal: 'power.ac',
  instance: '',
  observedAtMs: 0,
  observedMonotonicNs: 0n,
  source: 'test',
  value: { kind: 'flag', flag: true },
};
const bundleSha256 = 'a'.repeat(64);
const manifest = {
  ...{ contract: 'lull.updater.v1', id: 'com.acme.tool', version: '1.0.0', publisher: 'acme' },
  ...{ title: 'Tool', platforms: ['linux'], scope: 'user-mode', actions: ['install'] },
  bundle: {
    sha256: bundleSha256,
    size: 1,
    files: [{ path: 'main', size: 1, sha256: bundleSha256 }],
  },
  ...{ entrypoint: ['./main'], runtime: 'host' },
  limits: { memory_mb: 64, processes: 8, disk_mb: 100 },
};
const envelope = signEnvelope(Buffer.from(JSON.stringify(manifest)), []);

let dir: string;
let clock: VirtualClock;
let guarded: Set<Guarded>;
let objecting: Reason[];
let readings: Readings;
let reported: Reported[];
let fetching: number;
let discarded: number;
let fetchingFor: AbortSignal;
let awake: number;
let awakeMsMax: number;
/** When nothing is under way any more that the host does for a run. */
let settling: Promise<void>;
let runs: HostedRuns;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lull-r-'));
  clock = new VirtualClock();
  [guarded, objecting, reported, fetching, awake] = [new Set(), [], [], 0, 0];
  discarded = 0;
  settling = Promise.resolve();
  readings = new Map([['power.ac', onMains]]);
  const guard: Guard = {
    protect: (each) => {
      guarded.add(each);
      return () => guarded.delete(each);
    },
    objections: () => objecting,
    get readings() {
      return readings;
    },
    want: () => undefined,
    onReadings: () => () => undefined,
    close: () => undefined,
  };
  const parts = {
    clock,
    log,
    checkpoints: createCheckpoints({ dir }),
    places: { of: () => Promise.resolve({ uid: 61_000, workDir: dir, artifactsDir: dir }) },
    intake: { of: () => () => Promise.resolve() },
    launches: { take: () => undefined },
    installer: { settled: () => settling },
    runtime: {
      prepare: () => ({ channelDir: dir, hostDir: dir, rootDir: dir }),
      discard: () => {
        discarded += 1;
        return Promise.resolve();
      },
    },
    catalog: {
      ensure: (_updater: unknown, _read: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise((_resolve, reject) => {
          fetching += 1;
          fetchingFor = signal;
          signal.addEventListener('abort', () => {
            reject(new Error('cut'));
          });
        }),
    },
  };
  runs = hostRuns({
    parts: parts as unknown as HostParts,
    guard,
    keepAwake: {
      during: (msMax) => {
        awakeMsMax = msMax;
        awake += 1;
        return () => (awake -= 1);
      },
      duringSection: () => () => undefined,
      close: () => undefined,
    },
    log,
    report: ({ runId, epoch }, event) => reported.push({ runId, epoch, event }),
  });
});

afterEach(async () => {
  await runs.close();
  rmSync(dir, { recursive: true });
});

function grantOf(epoch: number, changes: Partial<Grant> = {}): Grant {
  return {
    runId: 'r',
    epoch,
    attempt: 1,
    leaseMs: 2_000,
    updater: {
      id: 'com.acme.tool',
      version: '1.0.0',
      bundleSha256,
      envelope,
    },
    settings: new Map(),
    work: { kind: 'scan' },
    network: noLimits,
    privateHosts: [],
    limits: {
      runMsMax: 60_000,
      memoryBytesMax: 1,
      processesMax: 1,
      diskBytesMax: 1,
      previousVersions: 1,
      diskRates: noDiskRates,
      callsPerMinuteMax: 250,
      keepAwakeMsMax: 3_600_000,
    },
    guard: [{ kind: 'person-away', forMs: 0 }],
    ...changes,
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function heldIds(): string[] {
  return runs.held().map(({ runId }) => runId);
}

/** "frozen PERSON_PRESENT", "finished cancelled OPERATOR", with the epoch it was told for. */
function told(): string[] {
  return reported.map(({ epoch, event }) => {
    const words: string[] = [String(epoch), event.kind];
    if (event.kind === 'frozen') words.push(...event.reasons);
    if (event.kind === 'finished') {
      words.push(event.outcome.kind);
      if ('reason' in event.outcome) words.push(event.outcome.reason);
    }
    return words.join(' ');
  });
}

describe('the end of a run', () => {
  test('waits for a change of a root that is under way: what that tells comes before it (A1)', async () => {
    let letGo: () => void = () => undefined;
    settling = new Promise((resolve) => {
      letGo = resolve;
    });
    runs.grant(grantOf(3));
    await settle();
    runs.stop('r', 3, 'TRIPPED');
    await settle();
    expect([told(), heldIds()]).toEqual([[], ['r']]);
    letGo();
    await until('the end', () => told().length > 0);
    expect(told()).toEqual(['3 finished cancelled TRIPPED']);
  });
});

test('as many may wait for the end of a run as have something open for it, without a warning', async () => {
  runs.grant(grantOf(3));
  await settle();
  expect(getMaxListeners(fetchingFor)).toBe(Number.POSITIVE_INFINITY);
});

test('the machine is kept awake for as long as the grant says, which is what policy says', async () => {
  const { limits } = grantOf(1);
  runs.grant(grantOf(1, { limits: { ...limits, keepAwakeMsMax: 600_000 } }));
  await settle();
  expect([awake, awakeMsMax]).toEqual([1, 600_000]);
});

describe('a grant', () => {
  test('begins a run, guarded from its first step on (A2)', async () => {
    runs.grant(grantOf(3));
    expect({ ids: heldIds(), guarded: guarded.size, awake }).toEqual({
      ids: ['r'],
      guarded: 1,
      awake: 1,
    });
    await settle();
    expect(fetching).toBe(1);
  });

  test('repeated, or of the past, changes nothing (R1)', async () => {
    runs.grant(grantOf(3));
    runs.grant(grantOf(3));
    runs.grant(grantOf(2));
    await settle();
    expect({ fetching, told: told() }).toEqual({ fetching: 1, told: [] });
  });

  test('that is newer begins when the older run has ended (R1)', async () => {
    runs.grant(grantOf(3));
    await settle();
    runs.grant(grantOf(4));
    await until('the newer run', () => fetching === 2);
    expect(told()).toEqual(['3 finished cancelled SUPERSEDED']);
    expect({ ids: heldIds(), guarded: guarded.size }).toEqual({ ids: ['r'], guarded: 1 });
    runs.stop('r', 4, 'OPERATOR');
    await until('its end', () => reported.length === 2);
    expect(told()[1]).toBe('4 finished cancelled OPERATOR');
  });

  test('of two newer ones only the newest goes on', async () => {
    runs.grant(grantOf(3));
    await settle();
    runs.grant(grantOf(4));
    runs.grant(grantOf(5));
    await until('the newest run', () => fetching === 2);
    await settle();
    expect(fetching).toBe(2);
    expect(heldIds()).toEqual(['r']);
    runs.stop('r', 5, 'OPERATOR');
    await until('the end of everything', () => heldIds().length === 0 && guarded.size === 0);
    expect(told()).toEqual(['3 finished cancelled SUPERSEDED', '5 finished cancelled OPERATOR']);
  });

  test('that is stopped while it waits for the run before it never begins', async () => {
    runs.grant(grantOf(3));
    await settle();
    runs.grant(grantOf(4));
    runs.stop('r', 4, 'UPDATER_SUSPENDED');
    await until('the end of everything', () => heldIds().length === 0);
    await settle();
    expect({ fetching, guarded: guarded.size }).toEqual({ fetching: 1, guarded: 0 });
    expect(told()).toEqual([
      '4 finished cancelled UPDATER_SUSPENDED',
      '3 finished cancelled SUPERSEDED',
    ]);
  });

  test('whose guard is broken already starts nothing', async () => {
    objecting = [{ code: 'PERSON_PRESENT', message: '' }];
    runs.grant(grantOf(3));
    await settle();
    expect({ fetching, told: told() }).toEqual({ fetching: 0, told: ['3 frozen PERSON_PRESENT'] });
    objecting = [];
    runs.resume('r', 3);
    await until('the start', () => fetching === 1);
  });
});

describe('commands', () => {
  beforeEach(() => {
    runs.grant(grantOf(3));
  });

  test('of an older epoch are left alone (R2)', async () => {
    runs.pause('r', 2, ['OPERATOR']);
    runs.stop('r', 2, 'OPERATOR');
    runs.resume('r', 2);
    await settle();
    expect({ told: told(), ids: heldIds() }).toEqual({ told: [], ids: ['r'] });
    clock.advance(1_999);
    runs.renew('r', 2, 60_000);
    clock.advance(1);
    expect(told()).toEqual(['3 frozen LEASE_LOST']);
  });

  test('for a run that is not here are nothing', () => {
    runs.pause('x', 3, []);
    runs.resume('x', 3);
    runs.renew('x', 3, 1);
    runs.stop('x', 3, 'OPERATOR');
    expect(told()).toEqual([]);
  });

  test('pause for reasons of a newer orchestrator all the same', () => {
    runs.pause('r', 3, ['OF_NEXT_YEAR']);
    expect(told()).toEqual(['3 frozen OPERATOR']);
  });

  test('let it go on only while its guard is whole', () => {
    for (const each of guarded)
      each.onBroken([{ code: 'PERSON_PRESENT', message: '' }], () => undefined);
    objecting = [{ code: 'PERSON_PRESENT', message: '' }];
    runs.resume('r', 3);
    objecting = [];
    runs.resume('r', 3);
    expect(told()).toEqual(['3 frozen PERSON_PRESENT', '3 frozen PERSON_PRESENT', '3 thawed']);
  });

  test('stop with the reason that was given, once', async () => {
    runs.stop('r', 3, 'UPDATER_SUSPENDED');
    runs.stop('r', 3, 'OPERATOR');
    await until('the end', () => heldIds().length === 0);
    expect(told()).toEqual(['3 finished cancelled UPDATER_SUSPENDED']);
    expect({ guarded: guarded.size, awake }).toEqual({ guarded: 0, awake: 0 });
  });
});

describe('a lease', () => {
  beforeEach(() => {
    runs.grant(grantOf(3));
  });

  test('that runs out holds the run; a renewal lets it go on', () => {
    clock.advance(2_000);
    runs.renew('r', 3, 2_000);
    expect(told()).toEqual(['3 frozen LEASE_LOST', '3 thawed']);
    clock.advance(1_999);
    expect(told()).toHaveLength(2);
    clock.advance(1);
    expect(told()).toHaveLength(3);
  });

  test.each([86_400_000, -86_400_000])(
    'is kept by monotonic time: a clock that is set by %d ms neither ends nor lengthens it',
    (byMs) => {
      clock.advance(1_999);
      clock.set(byMs);
      expect(told()).toEqual([]);
      clock.advance(1);
      expect(told()).toEqual(['3 frozen LEASE_LOST']);
    },
  );

  test('that is renewed in time holds nothing', () => {
    for (let round = 0; round < 20; round += 1) {
      clock.advance(1_900);
      runs.renew('r', 3, 2_000);
    }
    expect(told()).toEqual([]);
  });
});

test('closing ends every run, waits for them, and begins no other', async () => {
  runs.grant(grantOf(3));
  runs.grant(grantOf(4, { runId: 's' }));
  await settle();
  await Promise.all([runs.close(), runs.close()]);
  runs.grant(grantOf(9, { runId: 't' }));
  expect(told().sort()).toEqual([
    '3 finished cancelled SHUTTING_DOWN',
    '4 finished cancelled SHUTTING_DOWN',
  ]);
  expect({ fetching, guarded: guarded.size }).toEqual({ fetching: 2, guarded: 0 });
  // What was made for a launch beside the fetching is removed before a run is said to be over.
  expect(discarded).toBe(2);
});
