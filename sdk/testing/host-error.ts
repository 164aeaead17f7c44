// An error as the host would answer it.

import { Metadata, type status, type StatusObject } from '@grpc/grpc-js';

export function hostError(
  code: status,
  reason: string,
  details: string,
  retryAfterMs?: number,
): Error & Partial<StatusObject> {
  const metadata = new Metadata();
  metadata.set('lull-reason', reason);
  if (retryAfterMs !== undefined) metadata.set('lull-retry-after-ms', String(retryAfterMs));
  return Object.assign(new Error(details), { code, details, metadata });
}
