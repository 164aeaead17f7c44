// What a machine said and is not heard, since it has said more than a journal takes of one.

import type { ReasonCode } from '../../conditions/reason.js';

export class OverQuotaError extends Error {
  readonly code = 'JOURNAL_QUOTA' satisfies ReasonCode;

  constructor() {
    super('the machine has said more than a journal takes of one');
  }
}
