/** "1 update", "2 updates". */
export function counted(count: number | bigint, what: string, many = `${what}s`): string {
  return `${String(count)} ${Number(count) === 1 ? what : many}`;
}
