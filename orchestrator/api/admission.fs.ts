// Who is let in over TCP: a certificate with a role that the verb is for, that is still good and
// was not taken back.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TcpCall, TcpRefusal } from '../../runtime/admission.grpc.js';
import type { Clock } from '../../runtime/clock.js';
import { whyNot } from './roles.js';

/** @param tlsDir its file `revoked` has serial numbers, one a line; looked at again whenever it changes */
export function admission(tlsDir: string, clock: Clock): (call: TcpCall) => TcpRefusal | undefined {
  const revoked = revokedIn(join(tlsDir, 'revoked'));
  return ({ path, alternativeNames, serial, validToMs }) => {
    const problem = whyNot(path, alternativeNames);
    if (problem !== undefined) return { reason: 'ROLE_FORBIDS', message: problem };
    // A connection outlives the certificate that it was made with.
    if (validToMs < clock.now().wallMs) {
      const until = new Date(validToMs).toISOString();
      const message = `your certificate ${serial} expired at ${until}: ask whoever has the keys for another`;
      return { reason: 'ROLE_FORBIDS', message };
    }
    if (!revoked().has(serial.toUpperCase())) return undefined;
    const message = `your certificate ${serial} was taken back: ask whoever has the keys for another`;
    return { reason: 'ROLE_FORBIDS', message };
  };
}

function revokedIn(file: string): () => ReadonlySet<string> {
  let known: { readonly mark: string; readonly serials: ReadonlySet<string> } | undefined;
  return () => {
    const stat = statSync(file, { throwIfNoEntry: false });
    const mark = stat === undefined ? '' : `${String(stat.ino)} ${String(stat.mtimeMs)}`;
    if (known?.mark === mark) return known.serials;
    const text = stat === undefined ? '' : readFileSync(file, 'utf8');
    const serials = text.split('\n').map((line) => line.trim().toUpperCase());
    known = { mark, serials: new Set(serials.filter((line) => line !== '')) };
    return known.serials;
  };
}
