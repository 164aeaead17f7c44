/** An instant on the clock of this machine's wall, and which clock that is: "2030-06-01 12:00:00 CEST". */
export function localTime(atMs: number): string {
  return `${onTheWall(atMs)} ${zoneOf(atMs)}`;
}

/**
 * The same as short as it is clear from `nowMs`: the time today, else the day and the minute. Without the
 * zone: whoever shows many of them says it once.
 */
export function shortTime(atMs: number, nowMs: number): string {
  const [date = '', time = ''] = onTheWall(atMs).split(' ');
  const [today = ''] = onTheWall(nowMs).split(' ');
  if (date === today) return time;
  const sameYear = date.slice(0, 5) === today.slice(0, 5);
  return sameYear ? `${date.slice(5)} ${time.slice(0, 5)}` : date;
}

/** This machine's time zone as people call it: "UTC", "CEST", "GMT+5:45". */
export function zoneOf(atMs: number): string {
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(atMs);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

function onTheWall(atMs: number): string {
  return new Date(atMs).toLocaleString('sv-SE', { dateStyle: 'short', timeStyle: 'medium' });
}
