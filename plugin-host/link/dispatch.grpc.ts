// Commands of the orchestrator, to the runs they are for.

import type { AttachResponse, Wanted } from '../../proto/gen/lull/link/v1/link.js';
import { failed } from '../runs/event.js';
import type { GuardedRestart } from '../power/guarded-restart.loop.js';
import type { HostedRuns } from '../runs/hosted-runs.loop.js';
import { grantFromWire, guardFromWire } from './grant.wire.js';
import type { Withdrawn } from '../upkeep/withdrawn.loop.js';
import type { Link } from './link.loop.js';

export function dispatch(
  command: NonNullable<AttachResponse['kind']>,
  runs: HostedRuns,
  link: Pick<Link, 'report' | 'isNotHere' | 'restartFailed'>,
  machine: Pick<GuardedRestart, 'order' | 'cancel'>,
  withdrawn: Pick<Withdrawn, 'heard'>,
  watch: (wanted: Wanted) => void = () => undefined,
): void {
  switch (command.$case) {
    case 'grant': {
      const grant = grantFromWire(command.value);
      if (grant !== undefined) {
        runs.grant(grant);
        return;
      }
      const { runId, epoch } = command.value;
      const message = 'the grant asks for something that this plugin-host does not know';
      const outcome = failed('CONTRACT_BROKEN', message, true);
      link.report({ runId, epoch: Number(epoch) }, { kind: 'finished', outcome, outputTail: '' });
      return;
    }
    case 'renew': {
      const { runId, epoch, leaseMs } = command.value;
      if (!runs.renew(runId, Number(epoch), leaseMs)) link.isNotHere(runId);
      return;
    }
    case 'pause':
      runs.pause(command.value.runId, Number(command.value.epoch), command.value.reasons);
      return;
    case 'resume':
      runs.resume(command.value.runId, Number(command.value.epoch));
      return;
    case 'stop':
      runs.stop(command.value.runId, Number(command.value.epoch), command.value.reason);
      return;
    case 'restart': {
      const guard = guardFromWire(command.value.guard);
      const { inMs, atUnixMs } = command.value;
      const due = inMs === undefined ? { atMs: Number(atUnixMs) } : { inMs: Number(inMs) };
      if (guard !== undefined) machine.order(due, guard);
      else link.restartFailed('it wants something to hold that this plugin-host does not know');
      return;
    }
    case 'cancelRestart':
      machine.cancel();
      return;
    case 'wanted':
      watch(command.value);
      return;
    case 'registered':
      void withdrawn.heard(command.value.updaterIds, Number(command.value.keepMs));
      return;
    case 'welcome':
    case 'refused':
    case 'acknowledge':
      return; // The link's own.
  }
}
