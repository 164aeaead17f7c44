// HostService's messages and what the host means by them. Generated types stop here.

import {
  Digest_Algorithm,
  LogRequest_Severity,
  type FetchRequest,
  type Receipt as WireReceipt,
} from '../../proto/gen/lull/host/v1/host.js';
import { readOrder, type Algorithm, type FetchOrder } from '../artifacts/order.js';
import type { Receipt } from '../install/receipts.fs.js';
import { HostError } from './host-failure.js';
import type { HostEvent } from './hosted-run.js';

/** @throws HostError FIELD_INVALID. */
export function orderOf(request: FetchRequest): FetchOrder {
  const reading = readOrder({
    url: request.url,
    mirrors: request.mirrors,
    digests: request.digests.map(({ algorithm, hex }) => ({
      algorithm: algorithmOf(algorithm),
      hex,
    })),
    sizeBytes: request.sizeBytes,
    sizeBytesMax: request.sizeMaxBytes,
  });
  if (reading.kind === 'invalid') throw new HostError('FIELD_INVALID', reading.problem);
  return reading.order;
}

export function receiptToWire(receipt: Receipt): WireReceipt {
  return { ...receipt, sizeBytes: BigInt(receipt.sizeBytes) };
}

type Severity = Extract<HostEvent, { kind: 'log' }>['severity'];

export function severityOf(severity: LogRequest_Severity): Severity {
  switch (severity) {
    case LogRequest_Severity.DEBUG:
      return 'debug';
    case LogRequest_Severity.WARN:
      return 'warn';
    case LogRequest_Severity.ERROR:
      return 'error';
    case LogRequest_Severity.INFO:
    case LogRequest_Severity.UNSPECIFIED:
    case LogRequest_Severity.UNRECOGNIZED:
      return 'info';
  }
}

function algorithmOf(algorithm: Digest_Algorithm): Algorithm | undefined {
  switch (algorithm) {
    case Digest_Algorithm.SHA256:
      return 'sha256';
    case Digest_Algorithm.SHA512:
      return 'sha512';
    case Digest_Algorithm.SHA1:
      return 'sha1';
    case Digest_Algorithm.UNSPECIFIED:
    case Digest_Algorithm.UNRECOGNIZED:
      return undefined;
  }
}
