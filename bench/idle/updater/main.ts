// An updater that never finds anything: what is measured is Lull, with nothing to do.

import { serve } from '../../../sdk/serve.js';

const [name = ''] = process.argv.slice(2);

await serve({
  describe: { name, version: '0.1.0', capabilities: {}, software: ['nothing'] },
  scan: async function* () {
    yield* await Promise.resolve([]);
  },
  perform: () => Promise.resolve({ kind: 'gone' }),
});
