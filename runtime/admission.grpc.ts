// Who may call over TCP: whoever serves is asked about each call.
//
// Invariants:
//   A1. It is asked before a handler is started.
//   A2. Of a stream it is asked again while it is open: a certificate that was taken back, or has expired,
//       reads nothing more.

import { ServerInterceptingCall, type ServerInterceptor, type StatusObject } from '@grpc/grpc-js';
import type { CancelTimer, Clock } from './clock.js';

/** A2. */
const ASK_AGAIN_MS = 30_000;

/** What a call is judged by. */
export interface TcpCall {
  /** "/package.Service/Method" */
  readonly path: string;
  /** Of the caller's certificate, as Node has them: "URI:…, DNS:…". */
  readonly alternativeNames: string | undefined;
  /** Serial number of the certificate, hexadecimal. */
  readonly serial: string;
  /** Until when the certificate is good, ms since the epoch. NaN: it does not say. */
  readonly validToMs: number;
}

export interface TcpRefusal {
  readonly reason: string;
  readonly message: string;
}

/** @param refusal as a call is answered with it */
export function admission(
  refuse: (call: TcpCall) => TcpRefusal | undefined,
  refusal: (refused: TcpRefusal) => StatusObject,
  clock: Clock,
): ServerInterceptor {
  return (method, call) => {
    let cancel: CancelTimer = () => undefined;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      cancel();
    };
    /** @returns whether it may go on. */
    const isAdmitted = (): boolean => {
      const refused = refuse(judgedBy(method.path, call));
      if (refused === undefined) return true;
      call.sendStatus(refusal(refused));
      return false;
    };
    const askAgain = (): void => {
      cancel = clock.after(ASK_AGAIN_MS, () => {
        if (!isOver && isAdmitted()) askAgain(); // A2
      });
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            if (!isAdmitted()) return; // A1
            if (method.requestStream || method.responseStream) askAgain();
            nextMetadata(metadata);
          },
          onCancel: end,
        });
      },
      sendStatus: (answer, next) => {
        end();
        next(answer);
      },
    });
  };
}

function judgedBy(path: string, call: Parameters<ServerInterceptor>[1]): TcpCall {
  const { sslPeerCertificate: certificate } = call.getAuthContext();
  return {
    path,
    alternativeNames: certificate?.subjectaltname,
    serial: certificate?.serialNumber ?? '',
    validToMs: Date.parse(certificate?.valid_to ?? ''),
  };
}
