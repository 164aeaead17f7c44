/** An instant on the clock of this machine's wall. */
export function localTime(atMs: number): string {
  return new Date(atMs).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
}

/** The same as short as it is clear from `nowMs`: the time today, else the day and the minute. */
export function shortTime(atMs: number, nowMs: number): string {
  const [date = '', time = ''] = localTime(atMs).split(' ');
  const [today = ''] = localTime(nowMs).split(' ');
  if (date === today) return time;
  const sameYear = date.slice(0, 5) === today.slice(0, 5);
  return sameYear ? `${date.slice(5)} ${time.slice(0, 5)}` : date;
}
