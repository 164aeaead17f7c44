// The other end of the stream hop: sends back what it is sent.

import type { Server } from '@grpc/grpc-js';
import { serveUnix } from '../../../runtime/grpc.js';
import { echoDefinition } from '../echo.js';

const [path = ''] = process.argv.slice(2);
await serveUnix({
  path,
  mode: 0o600,
  register: (server: Server) => {
    server.addService(echoDefinition, {
      echo: (stream: NodeJS.ReadWriteStream) => {
        stream.pipe(stream);
      },
    });
  },
});
process.stdout.write('up\n');
