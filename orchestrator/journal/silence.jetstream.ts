// That nothing comes from a server any more, and not even a word that there is nothing: what is heard comes from
// one server of a cluster, which may be gone while the others go on. The library then waits for that one.

import type { ConsumerMessages } from '@nats-io/jetstream';

const HEARTBEAT_MS = 3_000;

/** How messages are asked for, so that silence is noticed after two or three heartbeats. */
export const withHeartbeat = { expires: 30_000, idle_heartbeat: HEARTBEAT_MS } as const;

/** Calls `act` each time that nothing was heard for so long, until the messages end. */
export function whenSilent(messages: ConsumerMessages, act: () => void): void {
  void (async () => {
    for await (const { type } of messages.status()) {
      if (type === 'heartbeats_missed') act();
    }
  })();
}
