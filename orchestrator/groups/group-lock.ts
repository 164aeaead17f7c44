// Places in groups, for whoever needs one before it changes a machine.

import type { Holder } from './semaphore.js';

export type Place =
  | { readonly kind: 'held' }
  /** As many as may have one. */
  | { readonly kind: 'refused'; readonly max: number; readonly holders: readonly Holder[] };

export interface GroupLock {
  /**
   * A place in `group` for `id`, who has it until it is released: also over restarts, and asked again it
   * is the same place. Held is said only when it is durable.
   * @param isOver whether whoever asks is not the one to ask any more: then nothing is written, however long
   * it took to come to that. Another one may have asked meanwhile for the same `id`.
   * @throws Error when that cannot be found out; then `id` may have one, and asks again.
   */
  acquire(group: string, id: string, isOver?: () => boolean): Promise<Place>;
  /** Who has a place now, longest first. @throws Error when that cannot be found out. */
  holders(group: string): Promise<readonly Holder[]>;
  /** Done also where `id` has none. @throws Error when it could not be; then it is asked again. */
  release(group: string, id: string, isOver?: () => boolean): Promise<void>;
}
