// Hears every state of a fleet and does nothing with it: what the messages alone cost.

import { createLog } from '../../../runtime/log.js';
import { connectNats } from '../../../runtime/nats.js';
import { subjects } from '../../../proto/subjects.js';

const [url = ''] = process.argv.slice(2);
const log = createLog('bench', 'warn');
const { connection } = await connectNats({ url: new URL(url), name: 'bare subscriber', log });
connection.subscribe(subjects.state('*', '*'), { callback: () => undefined });
