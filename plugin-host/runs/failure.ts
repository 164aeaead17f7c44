// What an error that ended a run comes to. Classified here, once.

import { displayText } from '../../conditions/words.js';
import { CatalogError } from '../catalog/catalog-error.js';
import { travelling, UpdaterError } from '../channel/dial-error.js';
import { HostError } from '../channel/host-failure.js';
import { SandboxError, type SandboxErrorCode } from '../sandbox/sandbox-error.js';
import { failed, type Outcome } from './event.js';

/** What another attempt cannot mend. */
const final: readonly UpdaterError['reason'][] = [
  ...(['CONTRACT_BROKEN', 'GRANT_MISSING', 'FIELD_INVALID', 'CAPABILITY_ABSENT'] as const),
  ...(['DIGEST_MISMATCH', 'SIGNATURE_INVALID', 'ALREADY_COMMITTED', 'NO_PREVIOUS'] as const),
];

/** Whether what ended with this reason is tried again, where its updater does not say. */
export function isWorthAnotherTry(reason: UpdaterError['reason']): boolean {
  return !final.includes(reason);
}

/** Nothing can be launched on this machine as it is. */
const unfit: readonly SandboxErrorCode[] = ['RUNTIME_MISSING', 'CANNOT_FREEZE'];

export function outcomeOf(error: unknown): Outcome {
  // A stored bundle that was altered is gone by now and comes anew; one that was never as signed
  // will not become so by itself.
  if (error instanceof CatalogError) {
    return failed(error.code, error.message, error.code === 'DIGEST_MISMATCH');
  }
  if (error instanceof SandboxError && unfit.includes(error.code)) {
    return failed('CONFINEMENT_WEAK', error.message, false);
  }
  if (error instanceof SandboxError) return failed('LAUNCH_FAILED', error.message, true);
  if (error instanceof UpdaterError) {
    const { vendorReason, reason, message, retryAfterMs } = error;
    const word = vendorReason === undefined ? reason : travelling(vendorReason);
    const after = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { kind: 'failed', reason: word, message, retry: isWorthAnotherTry(reason), ...after };
  }
  if (error instanceof HostError) return failed('LAUNCH_FAILED', error.message, true);
  return failed('LAUNCH_FAILED', error instanceof Error ? error.message : String(error), true);
}

const WORDS_CHARS_MAX = 300;

/**
 * What an updater wrote last says more of why it ended than that it did: whoever reads the reason has
 * no other way to look at a program that ran while nobody was there.
 */
export function withLastWords(outcome: Outcome, tail: string): Outcome {
  if (outcome.kind !== 'failed' || !wordless.has(outcome.reason)) return outcome;
  const last =
    tail
      .trimEnd()
      .split(/\r\n|\r|\n/)
      .at(-1) ?? '';
  if (last.trim() === '') return outcome;
  const words = displayText(last.trim(), WORDS_CHARS_MAX);
  return { ...outcome, message: `${outcome.message}; it wrote last: ${words}` };
}

const wordless: ReadonlySet<string> = new Set(['UPDATER_CRASHED', 'NEVER_SERVED']);
