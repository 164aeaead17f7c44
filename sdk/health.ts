// grpc.health.v1 with its two calls: that the updater serves.

import {
  status,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import type { sendUnaryData } from '@grpc/grpc-js';
import {
  healthService,
  ServingStatus,
  type HealthRequest,
  type HealthResponse,
} from '../proto/wire/health.js';

/** Answers SERVING for "" and for each of `services`, as long as the server lives. */
export function addHealth(server: Server, services: readonly string[]): void {
  const known = new Set(['', ...services]);
  server.addService(healthService, {
    check: (
      call: ServerUnaryCall<HealthRequest, HealthResponse>,
      answer: sendUnaryData<HealthResponse>,
    ) => {
      const { service } = call.request;
      if (known.has(service)) answer(null, { status: ServingStatus.SERVING });
      else answer({ code: status.NOT_FOUND, details: `unknown name ${service}` });
    },
    watch: (call: ServerWritableStream<HealthRequest, HealthResponse>) => {
      const { SERVING, SERVICE_UNKNOWN } = ServingStatus;
      call.write({ status: known.has(call.request.service) ? SERVING : SERVICE_UNKNOWN });
    },
  });
}
