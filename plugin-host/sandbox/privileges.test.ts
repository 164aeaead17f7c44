// What the plugin-host says of itself where it may too little.

import { describe, expect, test } from '@jest/globals';
import { missingPrivileges, privileges, whatIsMissing } from './privileges.js';

const status = (effective: string): string => `Name:\tnode\nCapEff:\t${effective}\nSeccomp:\t0\n`;
const root = status('000001ffffffffff');
/** What Docker gives a container's root. */
const container = status('00000000a80425fb');

test('root of a machine lacks nothing', () => {
  expect(whatIsMissing(0, root)).toBeUndefined();
});

test('root of an ordinary container is told the one that is missing, and why', () => {
  expect(missingPrivileges(container).map(({ name }) => name)).toEqual(['CAP_SYS_ADMIN']);
  expect(whatIsMissing(0, container)).toMatch(
    /CAP_SYS_ADMIN \(makes namespaces, mounts and control groups\)\.$/,
  );
});

test('an ordinary user is told to become root, without a list', () => {
  const said = whatIsMissing(1000, status('0000000000000000'));
  expect(said).toMatch(/^confining updaters needs root/);
  expect(said).not.toContain('CAP_');
  // Capabilities alone are not enough: files are left to updaters by root.
  expect(whatIsMissing(1000, root)).toBeDefined();
});

describe('each one is missed when it alone is not there', () => {
  test.each(privileges.map(({ name, bit }) => [name, bit] as const))('%s', (name, bit) => {
    const others = (BigInt('0x1ffffffffff') & ~(1n << BigInt(bit))).toString(16);
    expect(missingPrivileges(status(others)).map((each) => each.name)).toEqual([name]);
  });
});

test('a status that says nothing of capabilities has none', () => {
  expect(missingPrivileges('Name:\tnode\n')).toHaveLength(privileges.length);
});
