import { identityFrom } from '../../sdk/identity.js';
import { serve } from '../../sdk/serve.js';
import { commandUpdater } from './updater.js';

// What the tool makes is not for everybody to write, unless it says so.
process.umask(0o022);
await serve(commandUpdater(identityFrom(process.argv.slice(2))));
