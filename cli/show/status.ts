import {
  type GetStatusResponse,
  type Host,
  type Outlook,
  type Reason,
  type Run,
  type Subject,
} from '../../proto/gen/lull/operator/v1/operator.js';
import { TrustState, type Updater } from '../../proto/gen/lull/registry/v1/registry.js';
import { localTime } from './local-time.js';
import { table } from './table.js';

export function showStatus(status: GetStatusResponse): string {
  const parts = [`Lull ${status.version}, ${String(status.entryCount)} journal entries`];
  for (const host of status.hosts) {
    parts.push(`\n${host.id}: ${showConfinement(host)}`);
    parts.push(
      indent(table(host.readings.map(({ signal, value, source }) => [signal, value, source]))),
    );
  }
  parts.push('\nUpdaters', indent(showUpdaters(status.updaters)));
  parts.push('\nRunning', indent(status.runs.length === 0 ? 'nothing' : showRuns(status.runs)));
  parts.push('\nWaiting', indent(showSubjects(status.waiting)));
  return parts.join('\n');
}

/** In one line: how strongly updaters are confined here, and with what. */
export function showConfinement({ attached, confinement, runtime, cgroups }: Host): string {
  if (!attached) return 'not attached';
  if (confinement === '') return 'attached; the self-test of the sandbox is still on';
  return `confinement ${confinement}, ${runtime}, control groups ${cgroups}`;
}

export function showHosts(hosts: readonly Host[]): string {
  return hosts
    .map((host) => {
      const trials = host.trials.map(({ name, result }) => [name, result]);
      return `${host.id}: ${showConfinement(host)}\n${indent(table(trials))}`;
    })
    .join('\n');
}

export function showUpdaters(updaters: readonly Updater[]): string {
  if (updaters.length === 0) return 'none; add one with "lull updaters add FILE"';
  return table(
    updaters.map((each) => [
      each.id,
      each.version,
      TrustState[each.state].toLowerCase(),
      `${String(each.updateCount)} updates`,
      each.why === '' ? each.settingsMissing.join('; ') : each.why,
    ]),
  );
}

export function showSubjects(subjects: readonly Subject[]): string {
  if (subjects.length === 0) return 'nothing';
  return subjects.map(showSubject).join('\n');
}

/** A subject with every reason that stands in its way, one a line. */
export function showSubject(subject: Subject): string {
  const name =
    subject.updateId === '' ? subject.updaterId : `${subject.updateId} (${subject.title})`;
  const head = `${subject.action} ${name}`;
  if (subject.reasons.length === 0) return `${head}: nothing stands in its way`;
  const reasons = subject.reasons.map((reason) => [
    `  ${reason.code}`,
    whileText(reason),
    reason.message,
  ]);
  const outlook = subject.outlook === undefined ? '' : `\n  ${showOutlook(subject.outlook)}`;
  return `${head} waits:\n${table(reasons)}${outlook}`;
}

function whileText({ sinceUnixMs, untilUnixMs }: Reason): string {
  const since = sinceUnixMs === undefined ? [] : [`since ${localTime(Number(sinceUnixMs))}`];
  const until = untilUnixMs === undefined ? [] : [`until ${localTime(Number(untilUnixMs))}`];
  return [...since, ...until].join(' ');
}

function showOutlook({ atUnixMs, reasons }: Outlook): string {
  const condition = 'if nobody uses the machine from now on and all else stays as it is';
  if (atUnixMs !== undefined) {
    return `next chance: ${localTime(Number(atUnixMs))}, ${condition}`;
  }
  const codes = [...new Set(reasons.map(({ code }) => code))].join(', ');
  return `next chance: not within 48 h (${codes}), ${condition}`;
}

export function showRuns(runs: readonly Run[]): string {
  return table(
    runs.map((run) => [
      new Date(Number(run.admittedAtUnixMs)).toISOString(),
      run.id,
      run.action,
      run.updateId === '' ? run.updaterId : run.updateId,
      run.toVersion === '' ? '' : `${run.fromVersion} → ${run.toVersion}`,
      run.outcome === '' ? run.state : run.outcome,
      run.pauseCount === 0 ? '' : `paused ${String(run.pauseCount)}×`,
      run.reason === '' ? '' : `${run.reason}: ${run.message}`,
    ]),
  );
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
