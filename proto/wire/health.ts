// grpc.health.v1, of both sides of an updater's channel, written out: the messages have one field each,
// and the usual package reads its .proto file at run time, with half a megabyte of code that would stay,
// and which a bundle of one file does not have.

import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** HealthCheckRequest is `string service = 1`, HealthCheckResponse is `ServingStatus status = 1`. */
const FIELD = 1;

export const ServingStatus = { UNKNOWN: 0, SERVING: 1, SERVICE_UNKNOWN: 3 } as const;

/** An object also where it is empty: grpc-js takes a falsy message for none. */
export interface HealthRequest {
  readonly service: string;
}

export interface HealthResponse {
  readonly status: number;
}

/** What `read` makes of the last field with our number; the others are passed over. */
function fieldOf<T>(
  bytes: Uint8Array,
  type: WireType,
  read: (from: BinaryReader) => T,
  absent: T,
): T {
  const reader = new BinaryReader(bytes);
  let value = absent;
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FIELD && wireType === type) value = read(reader);
    else reader.skip(wireType, field);
  }
  return value;
}

const messages = {
  requestStream: false,
  requestSerialize: ({ service }: HealthRequest): Buffer =>
    Buffer.from(new BinaryWriter().tag(FIELD, WireType.LengthDelimited).string(service).finish()),
  requestDeserialize: (bytes: Buffer): HealthRequest => ({
    service: fieldOf(bytes, WireType.LengthDelimited, (from) => from.string(), ''),
  }),
  responseSerialize: ({ status }: HealthResponse): Buffer =>
    Buffer.from(new BinaryWriter().tag(FIELD, WireType.Varint).int32(status).finish()),
  responseDeserialize: (bytes: Buffer): HealthResponse => ({
    status: fieldOf<number>(bytes, WireType.Varint, (from) => from.int32(), ServingStatus.UNKNOWN),
  }),
};

/** As grpc-js takes the definition of a service. */
export const healthService = {
  check: { path: '/grpc.health.v1.Health/Check', responseStream: false, ...messages },
  watch: { path: '/grpc.health.v1.Health/Watch', responseStream: true, ...messages },
};
