// Servers that are said to be somewhere else, where nothing was granted, by somebody whom nobody vouches
// for: the answer to a plain request, or the address of a name. A network that asks for a login first
// says so of every server. Nobody goes there (T13); what is decided here is what it proves.
//
// Invariants:
//   D1. It is the server's own word once it has been said for PERSISTS_MS, while the network was known to
//       lead everywhere; until then the server is down.
//   D2. A server that was heard again has not moved.

/** As long as a NetworkManager that asks has not noticed that a login is over: its default. */
export const PERSISTS_MS = 300_000;
/** Servers that are remembered; the first one is forgotten for another. */
const HOSTS_MAX = 256;

export class Detours {
  private readonly sinceMs = new Map<string, number>();

  /**
   * Told of a detour. @returns whether it is the server's own word (D1).
   * @param leadsOut whether the network is known to lead everywhere.
   */
  persists(host: string, leadsOut: boolean, nowMs: number): boolean {
    if (!leadsOut) {
      this.sinceMs.delete(host);
      return false;
    }
    const sinceMs = this.sinceMs.get(host) ?? nowMs;
    this.sinceMs.set(host, sinceMs);
    const [first] = this.sinceMs.keys();
    if (this.sinceMs.size > HOSTS_MAX && first !== undefined) this.sinceMs.delete(first);
    return nowMs - sinceMs >= PERSISTS_MS;
  }

  /** D2. */
  heard(host: string): void {
    this.sinceMs.delete(host);
  }
}
