// What is done with whole trees. Each is done from beginning to end, with plain calls, by a thread that has
// nothing else to do; `between` is called between its pieces.

import { handOver } from './hand-over.fs.js';
import { changeSince, record } from './record.fs.js';
import { compare, replace } from './replace.fs.js';

export const deeds = { replace, compare, record, changeSince, handOver };

type Deeds = typeof deeds;
export type Deed = keyof Deeds;
export type OrderOf<D extends Deed> = Parameters<Deeds[D]>[0];
export type ResultOf<D extends Deed> = Awaited<ReturnType<Deeds[D]>>;
