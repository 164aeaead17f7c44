import { expect, test } from '@jest/globals';
import { Detours, PERSISTS_MS } from './detours.js';

const host = 'vendor.example';

test('a detour is the server’s own word once it has been told for long enough', () => {
  const detours = new Detours();
  expect(detours.persists(host, true, 0)).toBe(false);
  expect(detours.persists(host, true, PERSISTS_MS - 1)).toBe(false);
  expect(detours.persists(host, true, PERSISTS_MS)).toBe(true);
  expect(detours.persists('other.example', true, PERSISTS_MS)).toBe(false);
});

test('of a network that is not known to lead everywhere nothing is believed, nor counted', () => {
  const detours = new Detours();
  detours.persists(host, true, 0);
  expect(detours.persists(host, false, PERSISTS_MS)).toBe(false);
  expect(detours.persists(host, true, 2 * PERSISTS_MS)).toBe(false);
  expect(detours.persists(host, true, 3 * PERSISTS_MS)).toBe(true);
});

test('a server that was heard in between has not moved', () => {
  const detours = new Detours();
  detours.persists(host, true, 0);
  detours.heard(host);
  expect(detours.persists(host, true, PERSISTS_MS)).toBe(false);
});

test('so many servers are remembered, and no more', () => {
  const detours = new Detours();
  for (let each = 0; each <= 256; each += 1) detours.persists(String(each), true, 0);
  expect(detours.persists('0', true, PERSISTS_MS)).toBe(false);
  expect(detours.persists('255', true, PERSISTS_MS)).toBe(true);
});
