import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextHosts, type PieceOf } from './next-hosts.js';

const names = fc.array(
  fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 20 }),
  {
    minLength: 1,
    maxLength: 5,
  },
);

/** As whoever leads a partition answers. */
function pieceOf(all: readonly string[], after: string, count: number): PieceOf<{ id: string }> {
  const hosts = all
    .filter((id) => id > after)
    .sort()
    .map((id) => ({ id }));
  const told = hosts.slice(0, count);
  return { hosts: told, nextPageToken: told.length < hosts.length ? (told.at(-1)?.id ?? '') : '' };
}

test('every machine is told once, in order, however many each partition tells at once', () => {
  fc.assert(
    fc.property(
      names,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (given, piece, page) => {
        const seen = new Set<string>(); // A machine is in one partition.
        const parts = given.map((part) => part.filter((id) => !seen.has(id) && seen.add(id)));
        const told: string[] = [];
        let after = '';
        do {
          const pieces = parts.map((part) => pieceOf(part, after, piece));
          const { hosts, nextPageToken } = nextHosts(pieces, page);
          expect(hosts.length).toBeLessThanOrEqual(page);
          told.push(...hosts.map(({ id }) => id));
          after = nextPageToken;
        } while (after !== '');
        expect(told).toEqual([...seen].sort());
      },
    ),
  );
});
