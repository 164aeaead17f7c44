// Programs, as an operator names them: an executable's path, flatpak:ID or snap:NAME.

/** A process that runs, as /proc shows it. */
export interface Running {
  readonly exe: string | undefined;
  readonly cgroup: string | undefined;
}

/** What the kernel adds to the path of an executable that was replaced while it runs. */
const REPLACED = ' (deleted)';

/** Whether the process is that program. An updated program that still runs is the old one: it is. */
export function isApp(app: string, { exe, cgroup }: Running): boolean {
  const [, kind, id = ''] = /^(flatpak|snap):([\w.-]{1,128})$/.exec(app) ?? [];
  if (kind === undefined) return exe === app || exe === app + REPLACED;
  const scope = kind === 'flatpak' ? flatpakScope(id) : `/snap\\.${literally(id)}\\.`;
  return new RegExp(scope).test(cgroup ?? '');
}

/** Whether `app` is told by its control group rather than by its executable. */
export function isPackaged(app: string): boolean {
  return /^(?:flatpak|snap):/.test(app);
}

/** The name of a unit, in which "-" stands for "/": one that is meant is escaped, but by old flatpaks. */
function flatpakScope(id: string): string {
  return `/(?:app-)?flatpak-${literally(id).replaceAll('-', '(?:-|\\\\x2d)')}-\\d+\\.scope`;
}

function literally(text: string): string {
  return text.replaceAll('.', '\\.');
}
