// What is wrong with a value of a manifest or a policy file, in words of whoever writes one: what was
// wanted, and what stands there instead. What has words of its own in its schema keeps them.

import type * as z from 'zod';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

const kinds: Readonly<Record<string, string>> = {
  object: 'keys below it',
  array: 'a list',
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
};
const SAID_CHARS_MAX = 40;

/** For `safeParse`. */
export const inPlainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value':
      return `wants ${wantedBy(issue)}, not ${said(issue.input)}`;
    case 'invalid_union': {
      const wanted = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
      return `wants ${wanted.map(wantedBy).join(', or ')}, not ${said(issue.input)}`;
    }
    case 'too_small':
      return `wants ${issue.inclusive === false ? 'more than' : 'at least'} ${amount(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `wants ${issue.inclusive === false ? 'less than' : 'at most'} ${amount(issue.maximum, issue.origin)}`;
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
    case 'unrecognized_keys':
      return undefined; // They have words already, or do not come up.
  }
};

function wantedBy(issue: Issue | z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return kinds[issue.expected] ?? issue.expected;
  return issue.code === 'invalid_value' ? issue.values.map(String).join(' or ') : 'something else';
}

function amount(bound: number | bigint, origin: string): string {
  const [one, many] =
    origin === 'array'
      ? [' entry', ' entries']
      : origin === 'string'
        ? [' character', ' characters']
        : ['', ''];
  return `${String(bound)}${Number(bound) === 1 ? one : many}`;
}

function said(input: unknown): string {
  if (typeof input === 'string') return quoted(input);
  if (Array.isArray(input)) return 'a list';
  if (input === null || input === undefined) return 'nothing';
  return typeof input === 'object' ? 'keys' : JSON.stringify(input);
}

/** As much of it as tells which one is meant. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > SAID_CHARS_MAX ? `${text.slice(0, SAID_CHARS_MAX)}…` : text);
}
