// Which commands keep a small heap: `lull up` on a machine by itself, which stays all day and mostly does
// nothing. An orchestrator of a fleet has more to do, and others are over in a moment.

/** @param args the words after the program's name. */
export function staysSmall(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const ofFleet = (env['LULL_NATS'] ?? '') !== '' || args.some((arg) => /^--nats(?:=|$)/.test(arg));
  return args.includes('up') && !ofFleet;
}
