import { sittingSession } from '../reading/seat.js';
import type { Session } from '../reading/session.js';
import type { Sessions } from './logind.dbus.js';

const NOBODY = 'nobody is known to sit at the machine';

export type Sitting = Partial<Pick<Session, 'uid' | 'display'>>;

/** Who sits at the seat, where there are several the one that is followed; nothing: nobody is known. */
export function sitting(sessions: Sessions): Sitting {
  if (sessions.kind === 'unknown') return {};
  return sittingSession({ sessions: [...sessions.sessions.values()] }) ?? {};
}

/** Why nobody is known; where the sessions are not known either, that is why. */
export function whyNobody(sessions?: Sessions): string {
  return sessions?.kind === 'unknown' ? sessions.why : NOBODY;
}
