/** An instant on the clock of this machine's wall. */
export function localTime(atMs: number): string {
  return new Date(atMs).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
}
