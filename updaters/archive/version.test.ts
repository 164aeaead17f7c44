import { describe, expect, test } from '@jest/globals';
import { compareVersions, isOfLine, readVersion, type Version } from './version.js';

function read(text: string): Version {
  const version = readVersion(text);
  if (version === undefined) throw new Error(`${text} is no version`);
  return version;
}

describe('of two versions', () => {
  test.each([
    ['1.9.0', '1.10.0'],
    ['1.2', '1.2.1'],
    ['1.2.0-rc.1', '1.2.0'],
    ['1.23rc1', '1.23'],
    ['1.2.3-beta', '1.3.0-alpha'],
    ['2024.08.06', '2024.11.04'],
    ['v1.0.0', '1.0.1'],
  ])('%s comes before %s', (one, other) => {
    expect(compareVersions(read(one), read(other))).toBeLessThan(0);
    expect(compareVersions(read(other), read(one))).toBeGreaterThan(0);
  });

  test.each([
    ['1.2', '1.2.0'],
    ['v1.2.3', '1.2.3'],
    ['1.2.3+7', '1.2.3+8'],
  ])('%s is as new as %s', (one, other) => {
    expect(compareVersions(read(one), read(other))).toBe(0);
  });
});

test.each([
  ['1.2.3', false],
  ['1.2.3+build.7', false],
  ['1.2.3-rc.1', true],
  ['1.2.3-musl', true],
  ['1.1.1w', true],
  ['1.23rc1', true],
])('%s is a prerelease: %s', (text, expected) => {
  expect(read(text).isPrerelease).toBe(expected);
});

test.each([
  '',
  'latest',
  'v',
  '1..2',
  '1.2.3/..',
  '1.2.3\n',
  `1.${'2'.repeat(16)}`,
  '1'.repeat(65),
])('%j is no version', (text) => {
  expect(readVersion(text)).toBeUndefined();
});

test.each([
  ['22.11.0', '22', true],
  ['22.11.0', '22.11', true],
  ['2.11.0', '22', false],
  ['221.0.0', '22', false],
  ['22', '22.0', true],
  ['1.2.3', '', true],
])('%s is of the line "%s": %s', (version, line, expected) => {
  expect(isOfLine(read(version), line)).toBe(expected);
});
