// Text that goes into XML or HTML: what an updater said is in it, so that nothing of it may be markup.

const entities = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

/** What XML 1.0 has no way to write becomes U+FFFD; line breaks survive in attributes. */
export function escapedMarkup(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replaceAll(/[&<>"']/g, (char) => entities.get(char) ?? char)
    .replaceAll('\n', '&#10;');
}
