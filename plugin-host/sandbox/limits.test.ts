import { expect, test } from '@jest/globals';
import { limitsBeside, processorKnobs, resourcesOf, type GroupFeatures } from './limits.js';

const limits = { memoryBytesMax: 320_000_000, processesMax: 32, diskBytesMax: 1 };
const always = {
  pids: { limit: 32 },
  cpu: { shares: 2 },
  devices: [{ allow: false, access: 'rwm' }],
};
const given = { memory: true, processes: true, processorWeight: true };
const unified = { 'memory.high': '310000000', 'memory.oom.group': '1' };

test.each<[string, Pick<GroupFeatures, 'swap' | 'unifiedMemory'>, object]>([
  [
    'v1 or hybrid, with swap counted',
    { swap: true, unifiedMemory: false },
    { memory: { limit: 320_000_000, swap: 320_000_000 } },
  ],
  ['v1 without', { swap: false, unifiedMemory: false }, { memory: { limit: 320_000_000 } }],
  [
    'v2, with swap counted',
    { swap: true, unifiedMemory: true },
    { memory: { limit: 320_000_000, swap: 320_000_000 }, unified },
  ],
  ['v2 without', { swap: false, unifiedMemory: true }, { memory: { limit: 320_000_000 }, unified }],
])('%s: memory ends at its limit, and swap is none beyond it', (_which, features, memory) => {
  expect(resourcesOf(limits, { ...given, ...features })).toEqual({ ...always, ...memory });
});

test('whoever has to tell of the limit outlives the process that reached it', () => {
  const groups = { ...given, swap: true, unifiedMemory: true };
  const { unified: told } = resourcesOf({ ...limits, memoryEndsOne: true }, groups);
  expect(told).toEqual({ ...unified, 'memory.oom.group': '0' });
});

test.each([
  ['memory', 'memory'],
  ['processes', 'pids'],
  ['processorWeight', 'cpu'],
] as const)('what was not delegated is not asked for: %s', (feature, resource) => {
  const groups = { ...given, swap: false, unifiedMemory: false };
  expect(resourcesOf(limits, groups)).toHaveProperty(resource);
  expect(resourcesOf(limits, { ...groups, [feature]: false })).not.toHaveProperty(resource);
});

test.each([
  [1, '90000'],
  [2, '180000'],
  [64, '5760000'],
])('of %i processors a tenth is left', (processors, quota) => {
  const knobs = new Map(processorKnobs(processors));
  expect(knobs.get('cpu.max')).toBe(`${quota} 100000`);
  expect(knobs.get('cpu.cfs_quota_us')).toBe(quota);
});

test('what is limited beside what every kernel can is said in words', () => {
  const none = { ...given, swap: false, unifiedMemory: false, diskWeight: false, diskRates: false };
  expect(limitsBeside(none)).toEqual([]);
  const all = { ...none, swap: true, unifiedMemory: true, diskWeight: true, diskRates: true };
  expect(limitsBeside(all)).toEqual(['swap', 'disk weight', 'disk rates']);
});
