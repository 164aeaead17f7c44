// The call that said a restraint is answered when it is in the journal, and with an error that says what
// is the case when that takes too long.

import { status } from '@grpc/grpc-js';
import { imposeInTime } from '../world/impose.loop.js';
import type { Restraint } from '../world/restraints.js';
import { RpcFailure } from '../world/answer.grpc.js';
import type { OperatorDeps } from './deps.grpc.js';

export async function recorded(
  deps: Pick<OperatorDeps, 'ledger' | 'clock' | 'wake'>,
  restraint: Restraint,
): Promise<void> {
  const problem = await imposeInTime(deps, restraint);
  if (problem !== undefined) throw new RpcFailure(status.UNAVAILABLE, 'NOT_RECORDED', problem);
}
