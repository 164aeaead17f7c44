// An orchestrator for tests, as far as the link knows one: it takes hosts in, writes down what they
// tell, and acknowledges when the test says so.

import type { ServerDuplexStream } from '@grpc/grpc-js';
import {
  LinkServiceService,
  type AttachRequest,
  type AttachResponse,
  type Hello,
  type LinkServiceServer,
  type RunEvent,
} from '../../proto/gen/lull/link/v1/link.js';
import { serveUnix, type Listener } from '../../runtime/grpc.js';

export interface TestOrchestrator {
  readonly hellos: Hello[];
  readonly events: RunEvent[];
  /** Acknowledges every event as it comes. */
  acknowledging: boolean;
  send(kind: NonNullable<AttachResponse['kind']>): void;
  /** Ends every stream, as an orchestrator does that restarts. */
  hangUp(): void;
  /** Reads nothing of what hosts tell, until it reads on. */
  hold(): void;
  readOn(): void;
  /** Digests of bundles that were asked for and not cancelled. */
  readonly reading: Set<string>;
  readonly connectionCount: number;
  close(): Promise<void>;
}

export async function startOrchestrator(path: string): Promise<TestOrchestrator> {
  const streams = new Set<ServerDuplexStream<AttachRequest, AttachResponse>>();
  const send = (kind: NonNullable<AttachResponse['kind']>): void => {
    for (const stream of streams) stream.write({ kind });
  };
  const orchestrator: Omit<TestOrchestrator, 'close'> = {
    hellos: [],
    events: [],
    acknowledging: true,
    reading: new Set(),
    get connectionCount() {
      return streams.size;
    },
    send,
    hangUp: () => {
      for (const stream of streams) stream.end();
    },
    hold: () => {
      for (const stream of streams) stream.pause();
    },
    readOn: () => {
      for (const stream of streams) stream.resume();
    },
  };
  const handlers: LinkServiceServer = {
    attach: (stream) => {
      streams.add(stream);
      stream.on('data', ({ kind }: AttachRequest) => {
        if (kind?.$case === 'hello') {
          orchestrator.hellos.push(kind.value);
          stream.write({ kind: { $case: 'welcome', value: {} } });
        } else if (kind?.$case === 'event') {
          orchestrator.events.push(kind.value);
          const { sequence } = kind.value;
          if (orchestrator.acknowledging) {
            stream.write({ kind: { $case: 'acknowledge', value: { sequence } } });
          }
        }
      });
      stream.on('end', () => {
        streams.delete(stream);
        stream.end();
      });
      stream.on('error', () => streams.delete(stream));
    },
    readBundle: (call) => {
      const { sha256 } = call.request;
      orchestrator.reading.add(sha256);
      call.on('cancelled', () => orchestrator.reading.delete(sha256));
      for (let part = 0; part < 3; part += 1)
        call.write({ chunk: Buffer.from(`${sha256}${String(part)}`) });
      if (sha256 !== 'endless') call.end();
    },
  };
  const listener: Listener = await serveUnix({
    path,
    mode: 0o600,
    register: (server) => {
      server.addService(LinkServiceService, handlers);
    },
  });
  return Object.assign(orchestrator, { close: () => listener.close() });
}
