// What came of the clauses, in each of the forms: nothing that an updater said is markup in any of them.

import { expect, test } from '@jest/globals';
import type { Report } from '../suite.js';
import { htmlOf } from './html.js';
import { junitOf } from './junit.js';
import { lineOf, summaryOf } from './text.js';

const says = 'The updater MUST & so on.';
const report: Report = {
  subject: 'a<b>.lull',
  withoutUpdateCount: 1,
  tried: [
    { id: 'scan.valid', says, tookMs: 1_234, verdict: { kind: 'passed' } },
    {
      ...{ id: 'scan.cut', says, tookMs: 10 },
      verdict: { kind: 'failed', why: '"]]><script>alert(1)</script>\n\u0007\u001b[2J\ud800' },
    },
    { id: 'way.succeeds', says, tookMs: 0, verdict: { kind: 'skipped', why: 'found nothing' } },
  ],
};

test('text has a line for each, the sentence that was broken, and a last line that sums up', () => {
  expect(report.tried.map(lineOf)[0]).toBe('ok       scan.valid                1.2 s');
  expect(report.tried.map(lineOf)[1]).toContain(`the contract: ${says}`);
  expect(summaryOf(report)).toEqual([
    expect.stringMatching(/^found nothing to update: 1 clauses not tried/),
    'a<b>.lull: 1 passed, 1 failed, 1 skipped, in 1.2 s',
  ]);
});

test('JUnit has a suite for each group, and its own numbers', () => {
  const text = junitOf(report);
  expect(text).toContain('tests="3" failures="1" errors="0" skipped="1" time="1.244"');
  expect(text).toContain(
    '<testsuite name="scan" hostname="a&lt;b&gt;.lull" tests="2" failures="1"',
  );
  expect(text).toContain('<skipped message="found nothing"/>');
  expect(text).toContain(
    '&quot;]]&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#10;\ufffd\ufffd[2J\ufffd',
  );
});

test('the page needs nothing else, and runs nothing', () => {
  const text = htmlOf(report, new Date(0));
  expect(text).not.toMatch(/<script|src=|href="(?!#)|@import|url\(/);
  expect(text).toMatch(/Failed: <a href="#([a-z.-]+)">[^]*<li class="clause failed" id="\1">/);
  expect(text).toContain('prefers-color-scheme: dark');
  expect(text).toContain('1970-01-01 00:00 UTC');
});
