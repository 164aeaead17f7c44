// The policy file: YAML, every problem named at once, with its line. What it leaves out is the default.
//
//   text ─▶ YAML, all its errors ─▶ schema, all its errors ─▶ contradictions, also among what is left

import { isScalar, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { inPlainWords } from '../../bundle/value-words.js';
import { displayText } from '../../conditions/words.js';
import { contradictionsIn, type Contradiction } from './contradictions.js';
import { pathInWords, placesIn, type Path, type Places } from './file.place.js';
import { policyFileSchema } from './file.schema.js';
import { meantBy } from './file.meant.js';
import { overDefaults } from './over-defaults.js';
import type { Policy } from './policy.js';

const FILE_CHARS_MAX = 256 * 1024;
/** Nobody mends more than this in one go. */
const PROBLEMS_MAX = 100;
/** Where a text stops being YAML the rest is read wrongly, and each line of it is another problem. */
const UNREADABLE_MAX = 5;
const SAID_CHARS_MAX = 160;
const ALIASES_MAX = 100;

export type ParsedPolicy =
  | { readonly kind: 'ok'; readonly policy: Policy }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** @param machineTimeZone where the file names none: the clock on this machine's wall. */
export function parsePolicy(text: string, machineTimeZone: string): ParsedPolicy {
  if (text.length > FILE_CHARS_MAX) {
    return invalid([`longer than ${String(FILE_CHARS_MAX)} characters`]);
  }
  const read = readYaml(text);
  if (read.kind === 'invalid') return read;
  const result = policyFileSchema.safeParse(read.value, { error: inPlainWords });
  if (result.success) {
    const policy = overDefaults(result.data, machineTimeZone);
    const contradictions = contradictionsIn(result.data, policy, read.value);
    const problems = [...read.problems, ...contradictions.map(placed(read.places))];
    return problems.length === 0 ? { kind: 'ok', policy } : invalid(problems);
  }
  const { issues } = result.error;
  return invalid([
    ...read.problems,
    ...issues.flatMap((issue) => inWords(issue, read.places)),
    ...contradictionsInRest(read.value, issues, machineTimeZone).map(placed(read.places)),
  ]);
}

/** Empty, or made of comments alone: it is a policy, but nobody can tell whether it is meant. */
export function saysNothing(text: string): boolean {
  if (text.length > FILE_CHARS_MAX) return false;
  const { contents, errors } = parseDocument(text);
  const isEmpty = contents === null || (isScalar(contents) && contents.value === null);
  return isEmpty && errors.length === 0;
}

/** As they stand in the file, so that it is mended from its top to its end. */
function invalid(found: readonly string[]): ParsedPolicy {
  const problems = [...found].sort((a, b) => lineIn(a) - lineIn(b));
  if (problems.length <= PROBLEMS_MAX) return { kind: 'invalid', problems };
  const more = `and ${String(problems.length - PROBLEMS_MAX)} more`;
  return { kind: 'invalid', problems: [...problems.slice(0, PROBLEMS_MAX), more] };
}

/** What is of no line is of the file. */
function lineIn(problem: string): number {
  return Number(/^line (\d+): /.exec(problem)?.[1] ?? 0);
}

type ReadYaml =
  | {
      readonly kind: 'ok';
      readonly value: unknown;
      readonly problems: readonly string[];
      readonly places: Places;
    }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

/** A key that is there twice is wrong, and hides nothing else: the rest is judged as well. */
function readYaml(text: string): ReadYaml {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const places = placesIn(document, lineCounter);
  const problems = document.errors.map(
    ({ message, pos: [at] }) =>
      `${places.lineAt(at)}not YAML: ${displayText(message, SAID_CHARS_MAX)}`,
  );
  if (document.errors.some(({ code }) => code !== 'DUPLICATE_KEY')) {
    const more = problems.length - UNREADABLE_MAX;
    const rest = more > 0 ? [`${String(more)} more follow from that, or stand below it`] : [];
    return { kind: 'invalid', problems: [...problems.slice(0, UNREADABLE_MAX), ...rest] };
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {};
    return { kind: 'ok', value, problems, places };
  } catch (error) {
    return { kind: 'invalid', problems: [...problems, `not YAML: ${(error as Error).message}`] };
  }
}

/** Where it is, and what is wrong with it. */
function inWords(issue: z.core.$ZodIssue, { isThere, lineOf }: Places): string[] {
  const say = (path: Path, words: string): string =>
    `${lineOf(path)}${pathInWords(path)}: ${words}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      say([...issue.path, key], `there is no such key${meantBy(key, issue.path)}`),
    );
  }
  if (issue.path.length === 0) return [`the file ${issue.message}`];
  const isMissing = issue.code === 'invalid_type' && !isThere(issue.path);
  return [say(issue.path, isMissing ? 'is missing' : issue.message)];
}

/** At the first of its keys that the file has: the others are held against it, or are defaults. */
function placed({ isThere, lineOf }: Places): (contradiction: Contradiction) => string {
  return ({ keys, problem }) => {
    const there = keys.map((key) => key.split('.')).find(isThere);
    return `${there === undefined ? '' : lineOf(there)}${problem}`;
  };
}

/** Contradictions among the keys that are right by themselves. */
function contradictionsInRest(
  value: unknown,
  issues: readonly z.core.$ZodIssue[],
  machineTimeZone: string,
): readonly Contradiction[] {
  const wrong = issues.flatMap(({ path, ...issue }) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path],
  );
  const rest = policyFileSchema.safeParse(wrong.reduce<unknown>(without, value));
  if (!rest.success) return [];
  const policy = overDefaults(rest.data, machineTimeZone);
  const left = new Set(wrong.map((path) => path.join('.')));
  return contradictionsIn(rest.data, policy, value, left);
}

/** `value` without what stands at `path`; of a list the whole list. */
function without(value: unknown, [key, ...path]: readonly PropertyKey[]): unknown {
  if (key === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) {
    return undefined;
  }
  const rest = Object.entries(value).flatMap(([name, each]): [string, unknown][] => {
    if (name !== key) return [[name, each]];
    const left = path.length === 0 ? undefined : without(each, path);
    return left === undefined ? [] : [[name, left]];
  });
  return Object.fromEntries(rest);
}
