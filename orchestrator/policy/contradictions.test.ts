// What a policy file says that cannot all be meant, named at once with whatever else is wrong.

import { describe, expect, test } from '@jest/globals';
import { policyOf, problemsOf } from './file.testing.js';

describe('contradictions', () => {
  test.each([
    ['battery: { start: 10, continue: 50 }', 'battery.continue is above battery.start'],
    ['battery: { start: 5 }', 'battery.continue is above battery.start'],
    ['heat: { change: serious, look: nominal }', 'heat.change is above heat.look'],
    ['intrusion: { normal: noticeable, overdue: silent }', 'intrusion falls'],
    ['intrusion: { due: forced, overdue: gentle }', 'intrusion falls'],
    ['quiet_chance: { normal: 0.2, due: 0.9 }', 'quiet_chance rises'],
    ['retry: { first: 6h }', 'retry.first is longer than retry.max'],
    ['retry: { failures: 20 }', 'retry.demoted_at is below retry.failures'],
    ['deadlines: { security: { after: 1d } }', 'deadlines.security.after is shorter than'],
    ['deadlines: { others: { after: 1h, grace: 2h } }', 'deadlines.others.after is shorter than'],
    ['quiet_chance: { due: 0.2, overdue: 0.9 }', 'quiet_chance rises'],
    ['quiet_chance: { normal: 0.2, overdue: 0.9 }', 'quiet_chance rises'],
    ['intrusion: { normal: noticeable, due: gentle }', 'intrusion falls'],
    ['network: { kb_per_s: 100, engaged_kb_per_s: 900 }', 'network.engaged_kb_per_s is above'],
    ['network: { metered_mb: 60, metered_unknown_mb: 50 }', 'network.metered_mb is above'],
    ['retry: { bad_content: 5d, bad_content_max: 4d }', 'retry.bad_content is longer than'],
    [
      'groups: [{ name: g, hosts: [a], at_once: 1 }, { name: g, hosts: [b], at_once: 2 }]',
      'groups has a name twice',
    ],
    [
      'rollout: { rings: [{ name: r, percent: 10 }, { name: r, percent: 20 }] }',
      'rollout.rings has a name twice',
    ],
  ])('%s', (text, said) => {
    expect(problemsOf(text).join()).toContain(said);
  });

  test.each([
    'battery: { start: 30, continue: 30 }',
    'heat: { change: moderate, look: moderate }',
    'intrusion: { normal: gentle, due: gentle, overdue: gentle }',
    'quiet_chance: { normal: 0.5, due: 0.5, overdue: 0.5 }',
    'network: { kb_per_s: 100, engaged_kb_per_s: 100 }',
    'network: { metered_mb: 50, metered_unknown_mb: 50 }',
    'retry: { first: 1h, max: 1h }',
    'retry: { bad_content: 4d, bad_content_max: 4d }',
    'retry: { failures: 7, demoted_at: 7 }',
    'deadlines: { others: { after: 7d, grace: 7d } }',
    'rollout: { rings: [{ name: a, percent: 40 }, { name: b, percent: 60 }] }',
  ])('what is just as much contradicts nothing: %s', (text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  test('all of them are named at once', () => {
    const text = 'battery: { start: 5 }\nretry: { first: 6h, failures: 20 }';
    expect(problemsOf(text)).toHaveLength(3);
  });

  test('those of other keys are named beside what breaks the schema', () => {
    const problems = problemsOf(`
battery: { start: 10, continue: 50 }
heat: { change: tropical, look: nominal }
holds: [{ updater: a.b }]
retry: { first: 6h, invented: 1s }
colour: blue
`);
    expect(problems).toHaveLength(6);
    expect(problems.join('\n')).toMatch(/battery\.continue is above/);
    expect(problems.join('\n')).toMatch(/retry\.first is longer than retry\.max/);
  });

  test.each([
    [
      'groups: [{ name: g, hosts: [a], at_once: 1 }, { name: g, hosts: [b], at_once: 0 }]',
      'groups has a name twice',
    ],
    [
      'rollout: { rings: [{ name: r, percent: 10 }, { name: r, percent: 20, soak: long }] }',
      'rollout.rings has a name twice',
    ],
    [
      'rollout: { rings: [{ name: a, percent: 90 }, { name: b, percent: 20, soak: long }] }',
      'more than 100 percent',
    ],
    ['intrusion: { normal: forced, due: loud, overdue: gentle }', 'intrusion falls'],
    ['quiet_chance: { normal: 0.2, due: 2, overdue: 0.9 }', 'quiet_chance rises'],
  ])('also beside another mistake in the same list or section: %s', (text, said) => {
    const problems = problemsOf(text);
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain(said);
  });

  test('a list that is none, or of things that are none, contradicts nothing besides', () => {
    expect(problemsOf('groups: g')).toHaveLength(1);
    expect(problemsOf('groups: [null, null]')).toHaveLength(2);
    expect(problemsOf('rollout: { rings: [{ name: a, percent: 150 }] }')).toHaveLength(1);
  });

  test('what is wrong by itself is not also held against what stands beside it', () => {
    expect(problemsOf('battery: { start: many, continue: 50 }')).toHaveLength(1);
    expect(problemsOf('retry: 6h')).toHaveLength(1);
    expect(problemsOf('[retry]')).toHaveLength(1);
  });

  test('a default yields to what is named', () => {
    expect(policyOf('intrusion: { normal: forced }').intrusion.normal).toBe('forced');
    expect(policyOf('heat: { change: serious }').heat.change).toBe('serious');
    // A longer grace than the default's time is meant; so is a rate below the default for a person.
    const { graceMs } = policyOf('deadlines: { security: { grace: 30d } }').deadlines.security;
    expect(graceMs).toBe(30 * 86_400_000);
    expect(policyOf('network: { kb_per_s: 100 }').network.bytesPerSMax).toBe(100_000);
    expect(problemsOf('network: { kb_per_s: 100, engaged_kb_per_s: off }')).toEqual([]);
  });
});
