// lull conformance: finds out what is to be tried, tries it, and tells as it goes.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bindGrants } from '../../bundle/grant.js';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { displayText } from '../../conditions/words.js';
import { requireRights } from '../../plugin-host/sandbox/rights.proc.js';
import { SandboxError } from '../../plugin-host/sandbox/sandbox-error.js';
import { createLog } from '../../runtime/log.js';
import { htmlOf } from '../../sdk/conformance/report/html.js';
import { junitOf } from '../../sdk/conformance/report/junit.js';
import { lineOf, summaryOf } from '../../sdk/conformance/report/text.js';
import { socketEnvironment, socketSubject } from '../../sdk/conformance/socket-subject.js';
import type { Subject } from '../../sdk/conformance/subject.js';
import { clauses, countOf, tryClauses } from '../../sdk/conformance/suite.js';
import { judges } from '../conformance/judges.js';
import { claimsOf, openLullFile, requireSettings } from '../conformance/lull-file.fs.js';
import { sandboxSubject } from '../conformance/sandbox-subject.js';
import { CommandError, VALUE_SENSELESS } from '../failure.js';
import { write } from '../output.js';
import { stopSignal } from '../stop-signal.js';

export interface ConformanceOrder {
  readonly what: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly roots: ReadonlyMap<string, string>;
  readonly only: readonly string[] | undefined;
  readonly manifestFile: string | undefined;
  readonly junitFile: string | undefined;
  readonly htmlFile: string | undefined;
  readonly long: boolean;
  readonly json: boolean;
}

const START_MS_MAX = 120_000;

export async function conformance(order: ConformanceOrder): Promise<{ failedCount: number }> {
  requireKnown(order);
  const subject = await subjectOf(order);
  const signal = stopSignal();
  const say = order.json ? () => undefined : sayLine;
  const isTerminal = process.stderr.isTTY && !order.json;
  try {
    const report = await tryClauses(subject, judges, {
      ...{ long: order.long, only: order.only, signal },
      onBegin: ({ id }) => {
        if (isTerminal) process.stderr.write(`\r\u001b[K… ${id}`);
      },
      onTried: (tried) => {
        if (isTerminal) process.stderr.write('\r\u001b[K');
        say(lineOf(tried));
      },
    });
    if (order.junitFile !== undefined) writeFileSync(order.junitFile, junitOf(report));
    if (order.htmlFile !== undefined) writeFileSync(order.htmlFile, htmlOf(report, new Date()));
    if (order.json) write(report, { json: true }, () => '');
    else summaryOf(report).forEach(sayLine);
    if (signal.aborted) throw new CommandError('it was stopped before everything was tried', 130);
    return { failedCount: countOf(report, 'failed') };
  } finally {
    await subject.close();
  }
}

export function listClauses(options: { json: boolean }): void {
  const all = clauses.map(({ id, says }) => ({ id, says }));
  write(all, options, (list) => list.map(({ id, says }) => `${id.padEnd(24)} ${says}`).join('\n'));
}

function sayLine(text: string): void {
  for (const line of text.split('\n')) {
    process.stdout.write(`${displayText(line, line.length)}\n`);
  }
}

function requireKnown({ only, roots }: ConformanceOrder): void {
  const groups = new Set(clauses.flatMap(({ id }) => [id, id.split('.')[0] ?? '']));
  const unknown = only?.find((word) => !groups.has(word));
  if (unknown !== undefined) {
    const what = `there is no clause "${unknown}": see lull conformance --list`;
    throw new CommandError(what, VALUE_SENSELESS);
  }
  for (const [name, dir] of roots) {
    if (existsSync(dir) && statSync(dir).isDirectory()) continue;
    throw new CommandError(`--root ${name}: ${dir} is no directory`, VALUE_SENSELESS);
  }
}

async function subjectOf(order: ConformanceOrder): Promise<Subject> {
  const { what } = order;
  const isFile = existsSync(what) && statSync(what).isFile();
  if (!isFile && what.endsWith('.lull')) throw new CommandError(`${what} is not there`);
  return isFile ? bundleSubject(order) : servedSubject(order);
}

async function bundleSubject(order: ConformanceOrder): Promise<Subject> {
  const { what, settings } = order;
  // Short: sockets lie below it.
  const dir = mkdtempSync(join(tmpdir(), 'lull-cf-'));
  try {
    // Before anything is unpacked: who has no rights here could not even remove that.
    requireRights();
    const opened = await openLullFile(what, dir);
    requireSettings(opened.manifest, settings);
    const roots = rootsOf(opened.manifest, order);
    const log = createLog('conformance', 'error');
    return await sandboxSubject({ ...opened, name: what, settings, roots, dir, log });
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    if (!(error instanceof SandboxError)) throw error;
    const instead =
      'Or start the updater yourself, and name its socket: most of what it says is tried then';
    const why = error.message.replace(/\.$/, '');
    throw new CommandError(`there is no sandbox here: ${why}. ${instead}.`);
  }
}

/** What is on this machine where the settings say, unless something else was named: it is copied. */
function rootsOf(
  manifest: Manifest,
  { settings, roots }: ConformanceOrder,
): ReadonlyMap<string, string> {
  const { installRoots, roots: own = [] } = bindGrants(manifest, settings);
  const all = [...installRoots, ...own];
  const unknown = [...roots.keys()].find((name) => !all.some((root) => root.name === name));
  if (unknown !== undefined) {
    throw new CommandError(`--root ${unknown}: the manifest has no such root`, VALUE_SENSELESS);
  }
  return new Map([...all.map(({ name, path }) => [name, path] as const), ...roots]);
}

function servedSubject(order: ConformanceOrder): Promise<Subject> {
  const socketPath = resolve(order.what);
  const dir = `${socketPath}.host`;
  mkdirSync(dir, { recursive: true });
  const manifest = order.manifestFile === undefined ? undefined : manifestIn(order.manifestFile);
  if (manifest !== undefined) requireSettings(manifest, order.settings);
  const claims = manifest && claimsOf(manifest, bindGrants(manifest, order.settings).egress);
  const token = randomBytes(16).toString('hex');
  const { settings, roots } = order;
  const options = { socketPath, dir, token, claims, settings, roots, startMsMax: START_MS_MAX };
  process.stderr.write('The updater is to be started with:\n');
  for (const [name, value] of socketEnvironment(options))
    process.stderr.write(`  ${name}=${value}\n`);
  const minutes = String(START_MS_MAX / 60_000);
  process.stderr.write(`It is waited for, ${minutes} minutes at the most.\n`);
  return Promise.resolve(socketSubject(options));
}

function manifestIn(file: string): Manifest {
  const source = JSON.parse(readFileSync(file, 'utf8')) as object;
  const nothing = {
    sha256: '0'.repeat(64),
    size: 1,
    files: [{ path: 'main', size: 0, sha256: '0'.repeat(64) }],
  };
  const parsed = parseManifest(Buffer.from(JSON.stringify({ bundle: nothing, ...source })));
  if (parsed.kind === 'ok') return parsed.manifest;
  throw new CommandError(`${file} is not valid:\n  ${parsed.problems.join('\n  ')}`);
}
