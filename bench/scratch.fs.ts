// A directory of the benchmark's own, gone at its end. Its path is short: sockets lie below it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CloseStack } from '../runtime/shutdown.js';

export function openScratch(opened: CloseStack): string {
  const directory = mkdtempSync(join(tmpdir(), 'lull-b-'));
  opened.add('scratch directory', {
    close: () => {
      // A command that a signal found at work may still write there for a moment.
      rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  });
  return directory;
}
