import {
  type GetStatusResponse,
  type Host,
  type ReadingText,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { AT_REST } from '../../conditions/reading.js';
import { displayText } from '../../conditions/words.js';
import { counted } from './counted.js';
import { folded, indented } from './folded.js';
import { showRuns } from './runs.js';
import { saidOnce } from './said-once.js';
import { showSubjects, type Page } from './subjects.js';
import { foldedTable, table } from './table.js';
import { showUpdaters } from './updaters.js';

/** As a reading that is not known is told: followed by why. */
const UNKNOWN = 'unknown: ';
/** As much as `lull sensors` says: what to do stands last. */
const WHY_CHARS_MAX = 320;

/** What is about no machine says nothing of one. */
const ALL_MACHINES = 'of a fleet: "lull fleet hosts" lists its machines, and --host names one';

/** @param page where it is shown. */
export function showStatus(status: GetStatusResponse, page: Page): string {
  const parts = [
    `Lull ${status.version}, ${counted(status.entryCount, 'journal entry', 'journal entries')}`,
  ];
  for (const host of status.hosts) {
    parts.push(`\n${headOf(host, page)}`);
    parts.push(indented(showReadings(host.readings, page.columns - 2)));
  }
  parts.push('\nUpdaters', indented(showUpdaters(status.updaters)));
  if (status.hosts.length === 0) return [...parts, `\n${ALL_MACHINES}`].join('\n');
  const inner = { ...page, columns: page.columns - 2 };
  const runs = status.runs.length === 0 ? 'nothing' : showRuns(status.runs, inner);
  parts.push('\nRunning', indented(runs));
  parts.push('\nWaiting', indented(showSubjects(status.waiting, inner)));
  return parts.join('\n');
}

/** Where a value comes from, or why there is none; `lull sensors` says more. */
function showReadings(readings: readonly ReadingText[], columns: number): string {
  const isAtRest = ({ value }: ReadingText): boolean => value === UNKNOWN + AT_REST;
  const resting = readings.filter(isAtRest).map(({ signal }) => signal);
  const rest = resting.length === 0 ? [] : folded(`${AT_REST}: ${resting.join(', ')}`, columns);
  const told = readings.filter((reading) => !isAtRest(reading));
  const whys = saidOnce(
    told.map(({ signal, value }) => ({
      name: signal,
      why: value.startsWith(UNKNOWN) ? value.slice(UNKNOWN.length) : undefined,
    })),
  );
  const rows = told.map(({ signal, value, source }, index) => {
    const why = whys[index];
    return why === undefined
      ? [signal, value, source]
      : [signal, 'unknown', displayText(why, WHY_CHARS_MAX)];
  });
  return [foldedTable(rows, columns), ...rest].join('\n');
}

/** Its name and how strongly it confines. */
function headOf(host: Host, { columns }: Page): string {
  return folded(`${host.id}: ${showConfinement(host)}`, columns).join('\n  ');
}

/** In one line: how strongly updaters are confined here, and with what. */
export function showConfinement({ attached, confinement, runtime, cgroups, limits }: Host): string {
  if (!attached) return 'not attached';
  if (confinement === '') {
    return 'attached; being tried: the self-test of the sandbox is still on, mostly for less than 10 s';
  }
  const beside = limits.length === 0 ? '' : ` (limit also ${limits.join(', ')})`;
  const program = runtime === '' ? 'no OCI runtime (install runc, and start Lull again)' : runtime;
  return `confinement ${confinement}, ${program}, control groups ${cgroups}${beside}`;
}

export function showHosts(hosts: readonly Host[], page: Page): string {
  if (hosts.length === 0) return ALL_MACHINES;
  return hosts
    .map((host) => {
      const trials = host.trials.map(({ name, result }) => [name, result]);
      return `${headOf(host, page)}\n${indented(table(trials))}`;
    })
    .join('\n');
}
