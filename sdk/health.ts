// grpc.health.v1 with its two calls, written out: the messages have one field each, and the usual
// package reads its .proto file at run time, which a bundle of one file does not have.

import {
  status,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { sendUnaryData, ServiceDefinition } from '@grpc/grpc-js';
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

const SERVING = 1;
const SERVICE_UNKNOWN = 3;

/** HealthCheckRequest is `string service = 1`, HealthCheckResponse is `ServingStatus status = 1`. */
const FIELD = 1;

/** An object also where it is empty: grpc-js takes a falsy message for none. */
interface HealthRequest {
  readonly service: string;
}

interface HealthResponse {
  readonly status: number;
}

function decodeRequest(bytes: Buffer): HealthRequest {
  const reader = new BinaryReader(bytes);
  let service = '';
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === FIELD) service = reader.string();
    else reader.skip(wireType, field);
  }
  return { service };
}

const messages = {
  requestStream: false,
  requestSerialize: ({ service }: HealthRequest): Buffer =>
    Buffer.from(new BinaryWriter().tag(FIELD, WireType.LengthDelimited).string(service).finish()),
  requestDeserialize: decodeRequest,
  responseSerialize: ({ status: value }: HealthResponse): Buffer =>
    Buffer.from(new BinaryWriter().tag(FIELD, WireType.Varint).int32(value).finish()),
  responseDeserialize: (bytes: Buffer): HealthResponse => ({ status: bytes[1] ?? 0 }),
};

const health: ServiceDefinition = {
  check: { path: '/grpc.health.v1.Health/Check', responseStream: false, ...messages },
  watch: { path: '/grpc.health.v1.Health/Watch', responseStream: true, ...messages },
};

/** Answers SERVING for "" and for each of `services`, as long as the server lives. */
export function addHealth(server: Server, services: readonly string[]): void {
  const known = new Set(['', ...services]);
  server.addService(health, {
    check: (
      call: ServerUnaryCall<HealthRequest, HealthResponse>,
      answer: sendUnaryData<HealthResponse>,
    ) => {
      const { service } = call.request;
      if (known.has(service)) answer(null, { status: SERVING });
      else answer({ code: status.NOT_FOUND, details: `unknown name ${service}` });
    },
    watch: (call: ServerWritableStream<HealthRequest, HealthResponse>) => {
      call.write({ status: known.has(call.request.service) ? SERVING : SERVICE_UNKNOWN });
    },
  });
}
