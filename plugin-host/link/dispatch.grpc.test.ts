import { describe, expect, test } from '@jest/globals';
import { Grant, type AttachResponse } from '../../proto/gen/lull/link/v1/link.js';
import { requirementToWire } from '../../proto/wire/requirement.js';
import type { RunEvent } from '../runs/event.js';
import type { HostedRuns } from '../runs/hosted-runs.loop.js';
import { dispatch } from './dispatch.grpc.js';

type Command = NonNullable<AttachResponse['kind']>;

/** What reaches the runs, and what is reported instead. */
function dispatched(command: Command) {
  const calls: unknown[][] = [];
  const reported: { runId: string; epoch: number; event: RunEvent }[] = [];
  const noting =
    (name: string) =>
    (...given: unknown[]): void =>
      void calls.push([name, ...given]);
  const runs: HostedRuns = {
    held: () => [],
    uses: () => false,
    isBusy: () => false,
    grant: ({ runId, epoch }) => void calls.push(['grant', runId, epoch]),
    renew: (runId, ...given) => {
      calls.push(['renew', runId, ...given]);
      return runId === 'r';
    },
    pause: noting('pause'),
    pauseAll: noting('pauseAll'),
    resume: noting('resume'),
    stop: noting('stop'),
    close: () => Promise.resolve(),
  };
  const link = {
    report: (run: { runId: string; epoch: number }, event: RunEvent) =>
      reported.push({ runId: run.runId, epoch: run.epoch, event }),
    isNotHere: noting('isNotHere'),
    restartFailed: noting('restartFailed'),
  };
  const machine = { order: noting('order'), cancel: noting('cancel') };
  dispatch(command, runs, link, machine, {
    heard: (...given) => {
      calls.push(['heard', ...given]);
      return Promise.resolve();
    },
  });
  return { calls, reported };
}

const whole = {
  runId: 'r',
  epoch: 3n,
  updater: { id: 'a.b', version: '1.0.0' },
  limits: {},
  work: { $case: 'scan', value: {} },
} as const;

describe('a command', () => {
  const commands: [Command, unknown[][]][] = [
    [{ $case: 'grant', value: Grant.fromPartial(whole) }, [['grant', 'r', 3]]],
    [{ $case: 'renew', value: { runId: 'r', epoch: 3n, leaseMs: 9 } }, [['renew', 'r', 3, 9]]],
    [
      { $case: 'renew', value: { runId: 'gone', epoch: 3n, leaseMs: 9 } },
      [
        ['renew', 'gone', 3, 9],
        ['isNotHere', 'gone'],
      ],
    ],
    [
      { $case: 'pause', value: { runId: 'r', epoch: 3n, reasons: ['X'] } },
      [['pause', 'r', 3, ['X']]],
    ],
    [{ $case: 'resume', value: { runId: 'r', epoch: 3n } }, [['resume', 'r', 3]]],
    [{ $case: 'stop', value: { runId: 'r', epoch: 3n, reason: 'X' } }, [['stop', 'r', 3, 'X']]],
    [{ $case: 'registered', value: { updaterIds: ['a.b'], keepMs: 9n } }, [['heard', ['a.b'], 9]]],
    [
      { $case: 'restart', value: { atUnixMs: 7n, guard: [requirementToWire({ kind: 'on-ac' })] } },
      [['order', { atMs: 7 }, [{ kind: 'on-ac' }]]],
    ],
    [
      { $case: 'restart', value: { atUnixMs: 7n, inMs: 5n, guard: [] } },
      [['order', { inMs: 5 }, []]],
    ],
    [{ $case: 'cancelRestart', value: {} }, [['cancel']]],
    [{ $case: 'welcome', value: {} }, []],
    [{ $case: 'acknowledge', value: { sequence: 1n } }, []],
  ];
  const named = commands.map(([command, calls]) => [command.$case, command, calls] as const);
  test.each(named)('%s reaches the runs as it was sent', (_name, command, calls) => {
    expect(dispatched(command)).toEqual({ calls, reported: [] });
  });

  test('that grants what this version cannot keep is answered, so that nobody waits for it', () => {
    const value = Grant.fromPartial({ ...whole, guard: [{}] });
    const { calls, reported } = dispatched({ $case: 'grant', value });
    expect(calls).toEqual([]);
    expect(reported).toMatchObject([
      {
        runId: 'r',
        epoch: 3,
        event: { kind: 'finished', outcome: { kind: 'failed', reason: 'CONTRACT_BROKEN' } },
      },
    ]);
  });

  test('to restart while something holds that this version does not know is refused, and told', () => {
    const value = { atUnixMs: 7n, guard: [{ kind: undefined }] };
    const { calls } = dispatched({ $case: 'restart', value });
    expect(calls).toEqual([['restartFailed', expect.stringContaining('does not know')]]);
  });
});
