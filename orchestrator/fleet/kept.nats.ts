// What a fleet keeps on its server beside leases and groups: what is said when one of it was deleted, and how it
// is mended.

import { BUNDLES_BUCKET, partitions, upStreamOf } from '../../proto/subjects.js';
import { STREAM } from '../journal/stream.jetstream.js';
import type { Store } from './stores.loop.js';

const BUNDLES_STREAM = `OBJ_${BUNDLES_BUCKET}`;
const journalsLost = 'the journals were deleted: nothing runs until they are put back';
const upStreamLost =
  'what machines of a partition had said was deleted: they say again what they were not told is in a journal';

function bundlesLost(ids: Iterable<string>): string {
  return `the bundles were deleted: add every updater again, as it was (${[...ids].join(', ')}); machines that have theirs go on meanwhile`;
}

export function keptStores(deps: {
  /** Whoever tries to lead again is refused, and says what is missing. */
  readonly giveUpAll: () => void;
  readonly openUp: (partition: string) => Promise<void>;
  readonly makeBundlesAgain: () => Promise<void>;
  readonly updaterIds: () => Iterable<string>;
}): Store[] {
  return [
    { stream: STREAM, words: () => journalsLost, mend: deps.giveUpAll },
    ...partitions.map((partition) => ({
      stream: upStreamOf(partition),
      words: () => upStreamLost,
      mend: () => deps.openUp(partition),
    })),
    {
      stream: BUNDLES_STREAM,
      words: () => bundlesLost(deps.updaterIds()),
      mend: deps.makeBundlesAgain,
    },
  ];
}
