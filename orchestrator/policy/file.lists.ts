// What stands in the lists of a policy file, read before anybody knows whether it is right: something that is
// wrong with one in a list hides nothing of the others.

export function hasTwice(names: readonly string[]): boolean {
  return new Set(names).size < names.length;
}

export function namesIn(said: unknown, ...path: readonly string[]): string[] {
  return membersOf(said, path, 'name').filter((name) => typeof name === 'string');
}

/** Those that can be one: any other is told of by itself. */
export function sharesIn(said: unknown): number[] {
  const all = membersOf(said, ['rollout', 'rings'], 'percent');
  return all.filter((share) => typeof share === 'number').filter((each) => each > 0 && each <= 100);
}

/** What each in a list of the file has for a member. */
function membersOf(said: unknown, path: readonly string[], member: string): unknown[] {
  const list = path.reduce<unknown>(memberOf, said);
  return Array.isArray(list) ? list.map((each) => memberOf(each, member)) : [];
}

function memberOf(value: unknown, key: string): unknown {
  return (value as Readonly<Record<string, unknown>> | null | undefined)?.[key];
}
