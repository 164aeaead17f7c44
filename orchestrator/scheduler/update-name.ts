/** "json5 2.2.3": what the vendor calls it, with its version once, also where the title has it already. */
export function updateName({
  title,
  toVersion,
}: {
  readonly title: string;
  readonly toVersion: string;
}): string {
  return title.split(' ').includes(toVersion) ? title : `${title} ${toVersion}`;
}
