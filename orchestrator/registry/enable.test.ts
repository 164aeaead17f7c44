// What policy accepts without an operator: never more than an operator, or its own rule, accepted.

import { describe, expect, test } from '@jest/globals';
import { parseManifest, type Manifest } from '../../bundle/manifest.js';
import { widening } from '../../bundle/widening.js';
import type { Publisher } from '../trust/publisher.js';
import { newVendor, publisherOf, rawManifest } from '../trust/signed-manifest.testing.js';
import { manifestDigest } from '../world/manifest-digest.js';
import { noTrials, type UpdaterState, type UpdaterVersion } from '../world/world.js';
import { accept, autoAccepted, carriedSettings, notLookedAt } from './enable.js';

const acme = newVendor();

function versionOf(changes: Readonly<Record<string, unknown>> = {}): UpdaterVersion {
  const raw = rawManifest({
    egress: ['a.example'],
    fetch: ['https://a.example/'],
    critical_max_s: 10,
    ...changes,
  });
  const parsed = parseManifest(Buffer.from(JSON.stringify(raw)));
  if (parsed.kind !== 'ok') throw new Error(parsed.problems.join('; '));
  const { manifest } = parsed;
  const { version, publisher, bundle } = manifest;
  return { version, publisher, bundleSha256: bundle.sha256, envelope: '', manifest };
}

function updaterWith(accepted: UpdaterVersion | undefined): UpdaterState {
  return {
    id: 'com.acme.tool',
    state: accepted === undefined ? 'verified' : 'enabled',
    sinceMs: 0,
    why: '',
    current: versionOf(),
    ...(accepted === undefined ? {} : { accepted: { version: accepted, settings: new Map() } }),
    scanJitter: 0,
    scanTrials: noTrials,
    crashes: [],
    admissionsAtMs: [],
  };
}

function accepts(publisher: Publisher, before: UpdaterState, version: UpdaterVersion) {
  return autoAccepted(publisher, before, before.accepted, version, []);
}

const next = { version: '1.1.0' };
const wider: [string, Readonly<Record<string, unknown>>][] = [
  ['a host', { egress: ['a.example', 'b.example'] }],
  ['a URL prefix', { fetch: ['https://b.example/'] }],
  ['an action', { actions: ['download', 'install', 'verify', 'rollback', 'reboot'] }],
  ['an install root', { install_roots: [{ name: 'more', path: '/opt/more' }] }],
  ['a setting', { settings: [{ name: 'where', kind: 'path', why: 'there' }] }],
  ['a longer critical section', { critical_max_s: 11 }],
  ['more memory', { limits: { memory_mb: 16_000, processes: 8, disk_mb: 64, run_s: 60 } }],
  ['another scope', { scope: 'firmware' }],
  ['another runtime', { runtime: 'node' }],
];

describe('accepted by policy alone', () => {
  test.each([
    ['never', false, false],
    ['same-grants', false, true],
    ['always', true, true],
  ] as const)(
    '%s: a first version %p, a next one that asks for no more %p',
    (auto, first, later) => {
      const publisher = publisherOf([acme], { auto });
      expect(autoAccepted(publisher, undefined, undefined, versionOf(), []).length).toBe(
        Number(first),
      );
      expect(accepts(publisher, updaterWith(undefined), versionOf()).length).toBe(Number(first));
      const facts = accepts(publisher, updaterWith(versionOf()), versionOf(next));
      expect(facts.map(({ kind }) => kind)).toEqual(later ? ['updater.enabled'] : []);
    },
  );

  test.each(wider)('is no version that asks for %s more, whatever the rule', (_what, changes) => {
    const publisher = publisherOf([acme], { auto: 'always' });
    const before = updaterWith(versionOf());
    const wide = versionOf({ ...next, ...changes });
    expect(accepts(publisher, before, wide)).toEqual([]);
    // Nor one whose vendor withdrew what was accepted, to come back as new.
    expect(autoAccepted(publisher, undefined, { version: versionOf() }, wide, [])).toEqual([]);
  });

  test('is nothing that is suspended: a person has to look', () => {
    const publisher = publisherOf([acme], { auto: 'always' });
    const before: UpdaterState = { ...updaterWith(versionOf()), state: 'suspended' };
    expect(accepts(publisher, before, versionOf(next))).toEqual([]);
  });

  test('is accepted for no longer than a person accepted the one before (T11)', () => {
    const publisher = publisherOf([acme], { auto: 'always' });
    const accepted = { version: versionOf(), settings: new Map(), untilMs: 7 };
    const before = { ...updaterWith(versionOf()), accepted };
    expect(accepts(publisher, before, versionOf(next))).toMatchObject([{ untilMs: 7 }]);
    // Nor where its vendor withdrew that, to come back as new.
    const back = autoAccepted(publisher, undefined, accepted, versionOf(next), []);
    expect(back).toMatchObject([{ untilMs: 7 }]);
    const [first] = accepts(publisher, updaterWith(versionOf()), versionOf(next));
    expect(first).not.toHaveProperty('untilMs');
  });

  test('is bound as it was before, and the journal says by whom, and why', () => {
    const publisher = publisherOf([acme], { auto: 'always' });
    const settings = [{ name: 'prefix', kind: 'path', why: 'there' }];
    const [bound, later] = [{}, next].map((each) => versionOf({ settings, ...each }));
    if (bound === undefined || later === undefined) throw new Error('there are two versions');
    const accepted = { version: bound, settings: new Map([['prefix', '/opt/x']]) };
    const before = { ...updaterWith(bound), accepted };
    const enabled = { kind: 'updater.enabled', id: 'com.acme.tool', actor: 'policy' };
    expect(accepts(publisher, before, later)).toMatchObject([
      {
        ...enabled,
        version: '1.1.0',
        bundleSha256: later.bundleSha256,
        manifestSha256: manifestDigest(later),
        settings: [['prefix', '/opt/x']],
        attestation:
          'policy accepts what acme publishes, and it asks for no more than version 1.0.0',
      },
    ]);
    expect(autoAccepted(publisher, undefined, undefined, versionOf(), [])).toMatchObject([
      { ...enabled, attestation: 'policy accepts what acme publishes' },
    ]);
    // A setting is open: a person has to bind it.
    expect(autoAccepted(publisher, undefined, undefined, later, [])).toHaveLength(0);
  });

  test('is a version that asks for less', () => {
    const publisher = publisherOf([acme], { auto: 'same-grants' });
    const less = versionOf({ ...next, egress: [], fetch: [], critical_max_s: 0 });
    expect(accepts(publisher, updaterWith(versionOf()), less)).toHaveLength(1);
  });
});

describe('what an operator looked at', () => {
  const current = versionOf();
  const digest = manifestDigest(current);
  const id = 'com.acme.tool';

  test.each([
    ['', ''],
    ['1.0.0', ''],
    ['', digest],
    ['1.0.0', digest],
  ])('is what is registered: version "%s", manifest "%s"', (version, manifestSha256) => {
    expect(notLookedAt({ id, version, manifestSha256 }, current)).toBeUndefined();
  });

  test.each([
    ['0.9.0', digest, `1.0.0 that is registered now, not 0.9.0: `],
    ['0.9.0', 'x', `1.0.0 that is registered now, not 0.9.0: `],
    ['1.0.0', 'x', `1.0.0 with the manifest ${digest} that is registered now, not x: `],
    ['', '\u001b', `1.0.0 with the manifest ${digest} that is registered now, not \ufffd: `],
  ])('is another one: version "%s", manifest "%s"', (version, manifestSha256, words) => {
    const why = notLookedAt({ id, version, manifestSha256 }, current);
    expect(why).toContain(`it is ${id} ${words}`);
  });

  test('keeps its settings in its next version, but for what is given anew', () => {
    const settings = new Map([
      ['a', '1'],
      ['b', '2'],
    ]);
    const before = { ...updaterWith(current), accepted: { version: current, settings } };
    const carried = carriedSettings(before, new Map([['b', '3']]));
    expect([...carried]).toEqual([
      ['a', '1'],
      ['b', '3'],
    ]);
    expect([...carriedSettings(undefined, settings)]).toEqual([...settings]);
  });
});

describe('one directory has one updater', () => {
  const rooted = (path: string, kind: 'install_roots' | 'roots' = 'install_roots') =>
    versionOf({ [kind]: [{ name: 'app', path }] });
  const other: UpdaterState = { ...updaterWith(rooted('/opt/words')), id: 'com.acme.other' };
  const named = { ...rooted('/opt/words').manifest, id: 'com.acme.other' };
  const holder: UpdaterState = {
    ...other,
    accepted: { version: { ...rooted('/opt/words'), manifest: named }, settings: new Map() },
  };
  const acceptWith = (version: UpdaterVersion, updaters: readonly UpdaterState[]) =>
    accept({
      ...{ id: 'com.acme.tool', version, settings: new Map(), updaters },
      ...{ attestation: '', attribution: { actor: 'operator' } },
    });

  test.each([
    ['the same one', rooted('/opt/words'), '/opt/words is a root of com.acme.other'],
    ['one inside of it', rooted('/opt/words/more'), '/opt/words/more overlaps /opt/words, a root'],
    ['one that it writes itself', rooted('/opt/words', 'roots'), '/opt/words is a root of'],
  ])('%s is refused with the name of the other', (_what, version, words) => {
    for (const state of ['enabled', 'suspended'] as const) {
      expect(acceptWith(version, [{ ...holder, state }])).toMatchObject({
        ...{ kind: 'refused', code: 'SETTING_MISSING' },
        message: expect.stringContaining(words) as unknown,
      });
    }
    const always = publisherOf([acme], { auto: 'always' });
    expect(autoAccepted(always, undefined, undefined, version, [holder])).toEqual([]);
  });

  test('one that this version of Lull would not let be bound so any more stands in no way', () => {
    const was = { ...holder.accepted, settings: new Map(), version: rooted('/usr/lib') };
    expect(acceptWith(rooted('/usr/lib/words'), [{ ...holder, accepted: was }]).kind).toBe(
      'accepted',
    );
  });

  test('each is named once, whatever is bound of the other', () => {
    const settings = [{ name: 'prefix', kind: 'path', why: 'there' }];
    const open = versionOf({ settings, install_roots: [{ name: 'app', path: '{prefix}' }] });
    const theirs = { ...open, manifest: { ...open.manifest, id: 'com.acme.other' } };
    const accepted = { version: theirs, settings: new Map([['prefix', '/opt/words']]) };
    const answer = accept({
      ...{ id: 'com.acme.tool', version: open, settings: new Map([['prefix', '/opt/words']]) },
      ...{ attestation: '', attribution: { actor: 'operator' } },
      updaters: [
        { ...holder, accepted },
        { ...holder, accepted },
      ],
    });
    expect(answer).toMatchObject({
      message: expect.stringMatching(
        /^com\.acme\.tool cannot be enabled: app: \/opt\/words is a root of com\.acme\.other\. One/,
      ) as unknown,
    });
  });

  test('its own before it, one beside it, and what nobody has accepted stand in no way', () => {
    const submitted = { ...updaterWith(undefined), id: 'com.acme.other' };
    const own = { ...holder, id: 'com.acme.tool' };
    expect(acceptWith(rooted('/opt/words'), [own, submitted]).kind).toBe('accepted');
    expect(acceptWith(rooted('/opt/words2'), [holder]).kind).toBe('accepted');
  });
});

test.each(wider)('asking for %s more is named in words', (_what, changes) => {
  const [before, after]: Manifest[] = [versionOf().manifest, versionOf(changes).manifest];
  if (before === undefined || after === undefined) throw new Error('two manifests are compared');
  expect(widening(before, after).length).toBeGreaterThan(0);
  expect(widening(before, before)).toEqual([]);
});
