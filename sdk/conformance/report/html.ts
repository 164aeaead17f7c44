// What came of the clauses, as one page that needs nothing else.

import { countOf, type Report, type Tried } from '../suite.js';
import { groupsOf } from './junit.js';
import { escapedMarkup } from './markup.js';
import { nothingFound, secondsOf } from './text.js';

const style = `
:root { color-scheme: light dark; --line: #d8d8d4; --soft: #6a6a66; --ok: #1d7a46; --bad: #b3261e; --bad-back: #fdecea; --page: #fbfbf9; --text: #1c1c1a; }
@media (prefers-color-scheme: dark) { :root { --line: #3a3a38; --soft: #a3a39d; --ok: #6fcf97; --bad: #ff8a80; --bad-back: #3a1f1d; --page: #171716; --text: #ececea; } }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
.soft { color: var(--soft); }
.sum { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; margin: 1rem 0; padding: 0; list-style: none; font-variant-numeric: tabular-nums; }
.sum strong { font-size: 1.4rem; }
.note { border-left: 3px solid var(--soft); padding-left: .75rem; }
ol { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line); }
li.clause { border-bottom: 1px solid var(--line); padding: .6rem .5rem; display: grid; grid-template-columns: 5rem 1fr auto; gap: 0 .75rem; }
li.failed { background: var(--bad-back); }
.verdict { font-weight: 600; }
.passed .verdict { color: var(--ok); } .failed .verdict { color: var(--bad); } .skipped .verdict { color: var(--soft); font-weight: 400; }
a { color: var(--bad); }
code { font: .9em ui-monospace, monospace; }
p { margin: .15rem 0; overflow-wrap: anywhere; }
.why { grid-column: 2 / -1; }
@media (max-width: 36rem) { li.clause { grid-template-columns: 1fr auto; } .verdict, .why, .says { grid-column: 1 / -1; } }
`;

const words = { passed: 'passed', failed: 'failed', skipped: 'skipped' } as const;

export function htmlOf(report: Report, at: Date): string {
  const subject = escapedMarkup(report.subject);
  const kinds = ['passed', 'failed', 'skipped'] as const;
  const sums = kinds.map(
    (kind) => `<li><strong>${String(countOf(report, kind))}</strong> ${words[kind]}</li>`,
  );
  const groups = groupsOf(report.tried).map(
    ({ group, members }) =>
      `<section><h2>${escapedMarkup(group)}</h2><ol>${members.map(rowOf).join('')}</ol></section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Conformance of ${subject}</title>
<style>${style}</style>
</head>
<body>
<h1>${subject}</h1>
<p class="soft">Held to the contract lull.updater.v1, ${at.toISOString().slice(0, 16).replace('T', ' ')} UTC</p>
<ul class="sum">${sums.join('')}</ul>
${nothingFound(report)
  .map((line) => `<p class="note">${escapedMarkup(line)}</p>`)
  .join('\n')}
${failuresOf(report.tried)}
${groups.join('\n')}
</body>
</html>
`;
}

/** What a reader looks for, before all that is as it should be. */
function failuresOf(tried: readonly Tried[]): string {
  const links = tried
    .filter(({ verdict }) => verdict.kind === 'failed')
    .map(({ id }) => `<a href="#${escapedMarkup(id)}"><code>${escapedMarkup(id)}</code></a>`);
  return links.length === 0 ? '' : `<p>Failed: ${links.join(', ')}</p>`;
}

function rowOf({ id, says, verdict, tookMs }: Tried): string {
  const why = verdict.kind === 'passed' ? '' : `<p class="why">${escapedMarkup(verdict.why)}</p>`;
  return `<li class="clause ${verdict.kind}" id="${escapedMarkup(id)}"><span class="verdict">${words[verdict.kind]}</span><p class="says"><code>${escapedMarkup(id)}</code> <span class="soft">${escapedMarkup(says)}</span></p><span class="soft">${secondsOf(tookMs)}</span>${why}</li>`;
}
