import { serve } from '../../sdk/serve.js';
import { descriptionOf } from './identity.js';
import { commandUpdater } from './updater.js';

// What the tool makes is not for everybody to write, unless it says so.
process.umask(0o022);
await serve(commandUpdater(descriptionOf(process.argv.slice(2))));
