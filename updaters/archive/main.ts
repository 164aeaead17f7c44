import { identityFrom } from '../../sdk/identity.js';
import { serve } from '../../sdk/serve.js';
import { archiveUpdater } from './updater.js';

// What others may write to is refused by Commit, so nothing is made that way to begin with.
process.umask(0o022);
await serve(archiveUpdater(identityFrom(process.argv.slice(2))));
