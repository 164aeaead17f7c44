// A line to a gRPC server that is not ours: what it answers is read piece by piece, and no message in crumbs
// (T23). gRPC's client takes no stream in place of a socket, but asks its credentials for what it is to speak
// over: there TLS comes in, and here the stream that reads.

import type { Socket } from 'node:net';
import { credentials, type ChannelCredentials, type Client } from '@grpc/grpc-js';
import { crumbWatch } from './crumbs.http2.js';
import { socketOptions, type ClientClass } from './grpc.js';
import { Turnstile } from './piecewise.stream.js';

/** As `dialUnix`, to somebody who may answer anything. */
export function dialStranger<C extends Client>(service: ClientClass<C>, path: string): C {
  return new service(`unix:${path}`, piecewise(), socketOptions());
}

function piecewise(): ChannelCredentials {
  const plain = credentials.createInsecure();
  const turnstile = new Turnstile();
  const connector = plain._createSecureConnector.bind(plain);
  plain._createSecureConnector = (...of) => {
    const whole = connector(...of);
    const connect = async (raw: Socket) => {
      const { socket, secure } = await whole.connect(raw);
      const stream: unknown = turnstile.through(socket, crumbWatch('server'));
      // HTTP/2 speaks over any stream; gRPC asks of it what every stream has.
      return { socket: stream as Socket, secure };
    };
    return { ...whole, connect };
  };
  return plain;
}
