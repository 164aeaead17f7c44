// Whether an updater is ready.

import { credentials, makeGenericClientConstructor } from '@grpc/grpc-js';

const HealthClient = makeGenericClientConstructor(
  {
    check: {
      path: '/grpc.health.v1.Health/Check',
      requestStream: false,
      responseStream: false,
      requestSerialize: () => Buffer.alloc(0),
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  },
  'Health',
);

/** One look; false also where nobody is there. */
export function saysServing(socketPath: string): Promise<boolean> {
  const client = new HealthClient(`unix:${socketPath}`, credentials.createInsecure());
  return new Promise<boolean>((resolve) => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      () => Buffer.alloc(0),
      (bytes: Buffer) => bytes,
      {},
      (error, answer) => {
        resolve(error === null && answer?.[1] === 1);
      },
    );
  }).finally(() => {
    client.close();
  });
}
