import { describe, expect, test } from '@jest/globals';
import { offerOf } from './offer.js';
import { chooseTarget, type OfferedVersion } from './target.js';

const offered = (version: string, more: Partial<OfferedVersion> = {}): OfferedVersion => ({
  version,
  nodeRange: undefined,
  deprecated: false,
  unpackedBytes: undefined,
  ...more,
});

describe('the target of an update', () => {
  const plain = [offered('1.0.0'), offered('1.1.0'), offered('2.0.0')];
  const cases: [string, string, string, OfferedVersion[], string | undefined][] = [
    ['is what latest names', '1.0.0', '2.0.0', plain, '2.0.0'],
    ['is nothing when latest is installed', '2.0.0', '2.0.0', plain, undefined],
    [
      'is nothing when something newer than latest is installed',
      '3.0.0-rc.1',
      '2.0.0',
      plain,
      undefined,
    ],
    ['never lies above latest', '1.0.0', '1.1.0', plain, '1.1.0'],
    [
      'is latest also when that is a prerelease',
      '1.0.0',
      '2.0.0-rc.1',
      [...plain, offered('2.0.0-rc.1')],
      '2.0.0-rc.1',
    ],
    [
      'is the greatest below latest that this Node.js runs',
      '1.0.0',
      '3.0.0',
      [...plain, offered('2.1.0-beta.1'), offered('3.0.0', { nodeRange: '>=22' })],
      '2.0.0',
    ],
    [
      'is not a deprecated version below latest',
      '1.0.0',
      '3.0.0',
      [
        offered('1.1.0'),
        offered('2.0.0', { deprecated: true }),
        offered('3.0.0', { nodeRange: '>=99' }),
      ],
      '1.1.0',
    ],
    [
      'is nothing when no version runs here',
      '1.0.0',
      '2.0.0',
      [offered('2.0.0', { nodeRange: '>=99' })],
      undefined,
    ],
    [
      'ignores a range that nobody can read',
      '1.0.0',
      '2.0.0',
      [offered('2.0.0', { nodeRange: 'new' })],
      '2.0.0',
    ],
    [
      'ignores versions that are none',
      '1.0.0',
      '2.0.0',
      [offered('one'), offered('1.5.0')],
      '1.5.0',
    ],
    ['is nothing for an installed version that is none', 'git', '2.0.0', plain, undefined],
    ['is nothing when latest is no version', '1.0.0', 'new', plain, undefined],
  ];
  test.each(cases)('%s', (_name, installed, latest, versions, expected) => {
    expect(chooseTarget(installed, { latest, versions }, 'v20.19.0')?.version).toBe(expected);
  });
});

describe("the registry's document", () => {
  test('is read for what matters', () => {
    const document = {
      'dist-tags': { latest: '1.0.0' },
      versions: {
        '1.0.0': {
          engines: { node: '>=18' },
          dist: { unpackedSize: 12 },
          deprecated: 'use another',
        },
        '0.9.0': { engines: 'any', dist: { unpackedSize: -1 }, deprecated: '' },
      },
    };
    expect(offerOf(document)).toEqual({
      latest: '1.0.0',
      versions: [
        offered('1.0.0', { nodeRange: '>=18', unpackedBytes: 12, deprecated: true }),
        offered('0.9.0'),
      ],
    });
  });

  test.each([
    [undefined],
    [null],
    ['text'],
    [{ 'dist-tags': {} }],
    [{ 'dist-tags': { latest: 1 }, versions: {} }],
    [{ 'dist-tags': { latest: '1.0.0' }, versions: [] }],
    [{ 'dist-tags': { latest: 'newest' }, versions: { newest: {} } }],
    [JSON.parse('{"__proto__":{"dist-tags":{"latest":"1.0.0"},"versions":{}}}') as unknown],
  ])('%j is none', (document) => {
    expect(offerOf(document)).toBeUndefined();
  });
});
