// Recomputing a journal for whoever asks, and signing what came out.

import type {
  VerifyAuditRequest,
  VerifyAuditResponse,
} from '../../proto/gen/lull/operator/v1/operator.js';
import type { OperatorDeps } from './deps.grpc.js';

export async function verifyAudit(
  { ledger, checkpoints }: Pick<OperatorDeps, 'ledger' | 'checkpoints'>,
  { sign }: VerifyAuditRequest,
): Promise<VerifyAuditResponse> {
  const verdict = await ledger.verify();
  const problem = verdict.kind === 'broken' ? verdict : await checkpoints.problem(ledger);
  const unsigned = { checkpoint: '', checkpointKey: '' };
  if (verdict.kind === 'broken' || problem !== undefined) {
    const { sequence, hash } = ledger.head;
    return {
      ...{ entryCount: BigInt(sequence), verified: false, headSha256: hash, ...unsigned },
      brokenAtSequence: BigInt(problem?.atSequence ?? 0),
      why: problem?.why ?? '',
    };
  }
  const { head } = verdict;
  const signed = sign ? await checkpoints.sign(ledger, verdict) : undefined;
  return {
    ...{ entryCount: BigInt(head.sequence), verified: true, brokenAtSequence: 0n, why: '' },
    headSha256: head.hash,
    ...(signed === undefined ? unsigned : { checkpoint: signed.note, checkpointKey: signed.key }),
  };
}
