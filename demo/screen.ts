// What the demo shows: a heading per scene, a line per event, one bar that moves. Plain lines where
// the output is no terminal.

const BAR_CELLS = 24;

export interface Screen {
  scene(title: string): void;
  command(text: string): void;
  line(mark: keyof typeof marks, text: string): void;
  /** Several lines of plain text, indented. */
  text(text: string): void;
  bar(label: string, fraction: number, step: string): void;
  clearBar(): void;
}

const marks = { ok: '✔', wait: '◦', run: '▸', freeze: '❄', person: '☺', fail: '✘' } as const;

const colours = { ok: 32, wait: 33, run: 36, freeze: 34, person: 35, fail: 31 } as const;

export function openScreen(out: NodeJS.WriteStream): Screen {
  const { isTTY } = out;
  const styled = isTTY && process.env['NO_COLOR'] === undefined;
  const paint = (code: number, text: string): string =>
    styled ? `\u001b[${String(code)}m${text}\u001b[0m` : text;
  const startMs = Date.now();
  let barShown = false;

  const clearBar = (): void => {
    if (barShown) out.write('\r\u001b[2K');
    barShown = false;
  };
  const put = (text: string): void => {
    clearBar();
    out.write(`${text}\n`);
  };
  const clock = (): string =>
    paint(2, `${((Date.now() - startMs) / 1_000).toFixed(1).padStart(6)} s`);

  return {
    scene: (title) => {
      put(`\n${paint(1, title)}`);
    },
    command: (text) => {
      put(`  ${paint(2, `$ ${text}`)}`);
    },
    line: (mark, text) => {
      put(`${clock()}  ${paint(colours[mark], marks[mark])} ${text}`);
    },
    text: (text) => {
      for (const each of text.trimEnd().split('\n')) put(`            ${each}`);
    },
    bar: (label, fraction, step) => {
      if (!isTTY) return;
      const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR_CELLS);
      const cells = `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)}`;
      const room = Math.max(0, (out.columns || 80) - BAR_CELLS - label.length - 20);
      out.write(
        `\r\u001b[2K${clock()}  ${paint(36, cells)} ${label} ${paint(2, step.slice(0, room))}`,
      );
      barShown = true;
    },
    clearBar,
  };
}
