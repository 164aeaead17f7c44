// A service with one stream of bytes, for the bare cost of a hop between two processes.

const asIs = (bytes: Buffer): Buffer => bytes;

export const echoDefinition = {
  echo: {
    path: '/lull.bench.Echo/Echo',
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
} as const;
