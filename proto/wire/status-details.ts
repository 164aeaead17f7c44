// google.rpc.Status, as gRPC sends it in trailing metadata, read as far as the contract with updaters needs
// it: two of the messages that it may carry. Whoever sent it is not trusted: what cannot be read is absent.

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

export const STATUS_DETAILS_KEY = 'grpc-status-details-bin';
const DOMAIN = 'updater.lull';
const ERROR_INFO = 'type.googleapis.com/google.rpc.ErrorInfo';
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

export interface StatusDetails {
  /** `reason` of the first google.rpc.ErrorInfo that is of the contract's domain, or of none. */
  readonly reason?: string | undefined;
  /** `retry_delay` of the first google.rpc.RetryInfo; not negative. */
  readonly retryDelayMs?: number;
}

export function readStatusDetails(bytes: Uint8Array): StatusDetails {
  const found: { reason?: string | undefined; retryDelayMs?: number } = {};
  try {
    for (const detail of fieldsOf(bytes, 3)) {
      const value = fieldsOf(detail, 2)[0];
      if (value === undefined) continue;
      const type = textOf(detail, 1);
      if (type === ERROR_INFO && (textOf(value, 2) ?? DOMAIN) === DOMAIN) {
        found.reason ??= textOf(value, 1);
      } else if (type === RETRY_INFO) {
        found.retryDelayMs ??= durationMs(fieldsOf(value, 1)[0] ?? new Uint8Array());
      }
    }
  } catch {
    // Details that are not protobuf are as good as none.
  }
  return found;
}

/** google.protobuf.Duration: seconds, and nanoseconds besides. */
function durationMs(duration: Uint8Array): number {
  const reader = new BinaryReader(duration);
  let ms = 0;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.Varint) ms += Number(reader.int64()) * 1_000;
    else if (field === 2 && wireType === WireType.Varint) ms += reader.int32() / 1e6;
    else reader.skip(wireType, field);
  }
  return Math.max(0, Math.round(ms));
}

function textOf(message: Uint8Array, wanted: number): string | undefined {
  const bytes = fieldsOf(message, wanted)[0];
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

/** Every length-delimited value with this field number. */
function fieldsOf(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}
