// How many streams a server has open at once: each of them holds memory, and what it follows, for as long as
// its caller likes (T23).
//
// Invariant: S1. A stream has its place from when its handler is started until it was answered or its caller
// has left, and each verb has places of its own: who watches takes none of those who submit.

import { ServerInterceptingCall, type ServerInterceptor, type StatusObject } from '@grpc/grpc-js';

export interface StreamBounds {
  /** Of each verb that streams. */
  readonly serverMax: number;
  /** Of one client, where clients are told apart. */
  readonly clientMax?: number;
}

type Call = Parameters<ServerInterceptor>[1];

/**
 * @param refusal what a stream too many is answered with
 * @param clientOf whose a call is, in words; absent: all are of one client
 */
export function boundStreams(
  { serverMax, clientMax = serverMax }: StreamBounds,
  refusal: (message: string) => StatusObject,
  clientOf: (call: Call) => string = () => '',
): ServerInterceptor {
  /** By verb, the client of each stream that is open. */
  const open = new Map<string, string[]>();

  function whyNot(verb: string, clients: readonly string[], client: string): string | undefined {
    const own = clients.filter((each) => each === client).length;
    if (own >= clientMax && clientMax < serverMax)
      return `${client} has ${String(own)} streams of ${verb} open, and may have no more: close one of them`;
    if (clients.length < serverMax) return undefined;
    return `${String(clients.length)} streams of ${verb} are open here, and no more may be: close one of them, or try again when one has ended`;
  }

  return (method, call) => {
    if (!method.requestStream && !method.responseStream) return new ServerInterceptingCall(call);
    const verb = method.path.slice(method.path.lastIndexOf('/') + 1);
    const clients = open.get(method.path) ?? [];
    open.set(method.path, clients);
    let release = (): void => undefined;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            const client = clientOf(call);
            const why = whyNot(verb, clients, client);
            if (why !== undefined) {
              call.sendStatus(refusal(why));
              return;
            }
            clients.push(client);
            release = () => {
              release = () => undefined;
              clients.splice(clients.indexOf(client), 1);
            };
            nextMetadata(metadata);
          },
          onCancel: () => {
            release();
          },
        });
      },
      sendStatus: (answer, next) => {
        release();
        next(answer);
      },
    });
  };
}
